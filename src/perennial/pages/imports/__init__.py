"""Import: files, mapping, check, publish as a wizard that can be left; and edited lists with what they would change."""
