"""All tables, imported from their rooms so that Django finds them in one app."""

from perennial.alerts.models import AlertWeek, UsageAlert
from perennial.blueprint.models import ConfigDraft, ConfigVersion
from perennial.contracts.models import (
    Cancellation,
    Contract,
    FormerMovement,
    GraceHold,
    Invoice,
    InvoiceLine,
    LedgerChange,
    LedgerColumns,
    LedgerMark,
    Line,
    Movement,
    NodeTime,
    Payment,
    Product,
    Rate,
    Receivable,
    Settlement,
)
from perennial.customers.models import (
    Contact,
    Customer,
    CustomerAlias,
    ExternalId,
    Ownership,
    OwnField,
    PortfolioRow,
    Reseller,
    SavedView,
)
from perennial.engagement.models import Touchpoint
from perennial.evidence.models import Backtest, BacktestCase
from perennial.health.models import Score, Scorecard
from perennial.insights.models import ForecastModel, ForecastRow, ForecastSnapshot, Spend, SurvivalFit
from perennial.intake.models import LastGroup, RejectedMessage, Stream, Unconfirmed
from perennial.integrations.imports.models import Import, ImportChunk, ImportFile, ImportRejection, SnapshotRow
from perennial.kernel.journal.models import JournalEntry, JournalPersonal
from perennial.kernel.organisation.models import Organisation
from perennial.kernel.queue.models import Job
from perennial.lifecycle.models import Passage
from perennial.members.models import ApiKey, Member, PasswordLink, Team
from perennial.playbooks.models import PlannedDay, PutAway, Task, TodayItem
from perennial.privacy.models import Erasure
from perennial.renewals.models import Call, CallSettled, Checkpoint, CheckpointCall, Finding, PlanStep, RenewalCause
from perennial.support.models import Ticket
from perennial.team.models import Target
from perennial.usage.models import MetricColumn, ProductUser
from perennial.voice.models import SurveyAnswer

__all__ = [
    "AlertWeek",
    "ApiKey",
    "Backtest",
    "BacktestCase",
    "Call",
    "CallSettled",
    "Cancellation",
    "Checkpoint",
    "CheckpointCall",
    "ConfigDraft",
    "ConfigVersion",
    "Contact",
    "Contract",
    "Customer",
    "CustomerAlias",
    "Erasure",
    "ExternalId",
    "Finding",
    "ForecastModel",
    "ForecastRow",
    "ForecastSnapshot",
    "FormerMovement",
    "GraceHold",
    "Import",
    "ImportChunk",
    "ImportFile",
    "ImportRejection",
    "Invoice",
    "InvoiceLine",
    "Job",
    "JournalEntry",
    "JournalPersonal",
    "LastGroup",
    "LedgerChange",
    "LedgerColumns",
    "LedgerMark",
    "Line",
    "Member",
    "MetricColumn",
    "Movement",
    "NodeTime",
    "Organisation",
    "OwnField",
    "Ownership",
    "Passage",
    "PasswordLink",
    "Payment",
    "PlanStep",
    "PlannedDay",
    "PortfolioRow",
    "Product",
    "ProductUser",
    "PutAway",
    "Rate",
    "Receivable",
    "RejectedMessage",
    "RenewalCause",
    "Reseller",
    "SavedView",
    "Score",
    "Scorecard",
    "Settlement",
    "SnapshotRow",
    "Spend",
    "Stream",
    "SurveyAnswer",
    "SurvivalFit",
    "Target",
    "Task",
    "Team",
    "Ticket",
    "TodayItem",
    "Touchpoint",
    "Unconfirmed",
    "UsageAlert",
]
