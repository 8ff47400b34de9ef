"""The search index of customers: SQLite's FTS5 or PostgreSQL's tsvector over one tokenised column."""

from django.db import migrations


def make(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute(
            "CREATE VIRTUAL TABLE customer_search USING fts5(tokens, tokenize = 'unicode61', detail = 'column')"
        )
        return
    schema_editor.execute(
        "CREATE TABLE customer_search (customer_id bigint PRIMARY KEY REFERENCES perennial_customer (id) "
        "ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED, tokens tsvector NOT NULL)"
    )
    schema_editor.execute("CREATE INDEX customer_search_tokens ON customer_search USING gin (tokens)")


def drop(apps, schema_editor):
    schema_editor.execute("DROP TABLE customer_search")


class Migration(migrations.Migration):
    dependencies = [("perennial", "0001_records")]
    operations = [migrations.RunPython(make, drop)]
