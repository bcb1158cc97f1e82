"""One DICOM file lends its content to every instance of a listing; what is listed takes the place of its own.

The file is read as one that arrives. Attributes of study and series come from the listing, UIDs and
InstanceNumber are spliced into the encoded DICOM JSON, and all instances name the one blob: what is retrieved
are the bytes of the template, with the UIDs of the template.
"""

from collections.abc import Iterator
from dataclasses import replace

import orjson

from reference_server.dicomweb.attributes import Catalogue
from reference_server.dicomweb.dicom_json import Json
from reference_server.dicomweb.reading import Arrived, read_instance, study_keys, study_name_words, subset
from reference_server.errors import BadRequest
from reference_server.loading.listing import ListedStudy
from reference_server.storage.records import InstanceRecord

NUMBER = "-97531"  # occurs in no attribute, so that it can be found in the encoded text
INSTANCE_NUMBER = "00200013"
STUDY_UID, SERIES_UID, MODALITY, SERIES_NUMBER = "0020000D", "0020000E", "00080060", "00200011"


class Template:
    """The record of the template file, and the records that are made from it."""

    def __init__(self, file: Arrived, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._record = read_instance(file, catalogue)
        self._model: Json = orjson.loads(self._record.metadata)
        self._model[INSTANCE_NUMBER] = {"vr": "IS", "Value": [int(NUMBER)]}

    def records(self, study: ListedStudy) -> Iterator[InstanceRecord]:
        """Yield the records of a study's instances."""
        model = self._model | study.attributes
        of_study = replace(
            self._record,
            study_uid=_text(model, STUDY_UID),
            study_keys=study_keys(model),
            name_words=study_name_words(model),
            study_attributes=subset(model, self._catalogue.study),
        )
        for series, instances in study.series:
            yield from self._series(model | series, instances, of_study)

    def _series(
        self, model: Json, instances: list[str], of_study: InstanceRecord
    ) -> Iterator[InstanceRecord]:
        own, uid = self._record, _text(model, SERIES_UID)
        # BulkDataURIs hold the UIDs too.
        text = orjson.dumps(dict(sorted(model.items()))).decode()
        metadata = text.replace(own.study_uid, of_study.study_uid).replace(own.series_uid, uid)
        found = subset(model, self._catalogue.instance)
        of_series = replace(
            of_study,
            series_uid=uid,
            modality=_text(model, MODALITY),
            series_number=_text(model, SERIES_NUMBER),
            series_attributes=subset(model, self._catalogue.series),
        )
        for number, sop_uid in enumerate(instances, start=1):
            yield replace(
                of_series,
                sop_instance_uid=sop_uid,
                instance_number=str(number),
                instance_attributes=self._spliced(found, sop_uid, number),
                metadata=self._spliced(metadata, sop_uid, number).encode(),
            )

    def _spliced(self, text: str, sop_uid: str, number: int) -> str:
        return text.replace(self._record.sop_instance_uid, sop_uid).replace(NUMBER, str(number))


def _text(model: Json, tag: str) -> str:
    """Return the one value of an attribute as text; raises BadRequest where there is none."""
    try:
        return str(model[tag]["Value"][0])
    except (KeyError, IndexError):
        raise BadRequest(f"the listing has a study or series without {tag}") from None
