"""Documents are structured reports without pixels: Basic Text SR (PS3.3 A.35.1) of a few sentences."""

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import BasicTextSRStorage

from datasets.codes import coded
from datasets.plans import StudyPlan
from datasets.vocabulary import REPORT_SENTENCES

REPORT_SOP_CLASS_UID = BasicTextSRStorage


def describe_report(dataset: Dataset, study: StudyPlan) -> None:
    """Add the document and its content tree to a header."""
    dataset.ReferencedPerformedProcedureStepSequence = Sequence()
    dataset.PerformedProcedureCodeSequence = Sequence()
    dataset.CompletionFlag, dataset.VerificationFlag = "COMPLETE", "UNVERIFIED"
    dataset.ValueType, dataset.ContinuityOfContent = "CONTAINER", "SEPARATE"
    dataset.ConceptNameCodeSequence = Sequence([coded("18748-4", "LN", "Diagnostic Imaging Report")])
    first = study.index % len(REPORT_SENTENCES)
    sentences = (*REPORT_SENTENCES[first:], *REPORT_SENTENCES[:first])[:2]
    dataset.ContentSequence = Sequence([_text(sentence) for sentence in sentences])


def _text(sentence: str) -> Dataset:
    item = Dataset()
    item.RelationshipType, item.ValueType = "CONTAINS", "TEXT"
    item.ConceptNameCodeSequence = Sequence([coded("121071", "DCM", "Finding")])
    item.TextValue = sentence
    return item
