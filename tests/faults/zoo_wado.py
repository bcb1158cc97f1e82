"""Faults in retrieving instances: some are missing or twice there, and files are not what they say."""

import io
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from http import HTTPStatus
from urllib.parse import urlsplit

from pydicom import dcmread, dcmwrite
from pydicom.dataset import Dataset
from pydicom.uid import UID

from scenarios.conformance import multipart
from scenarios.conformance.message import Request, Response
from scenarios.conformance.multipart import Part
from tests.faults.edits import answer, with_body, with_header
from tests.faults.fault import in_request, in_response
from tests.faults.zoo_multipart import map_parts
from tests.faults.zoo_transfer_syntaxes import IS_INSTANCE, accept_of, syntaxes

DICOM = "application/dicom"
IMAGE_STORAGE = ("1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.7")
JPEG_LOSSLESS = "1.2.840.10008.1.2.4.70"
PAGE = 100


def level(request: Request) -> str:
    """Return studies, series or instances if the request retrieves one of them, else nothing."""
    found = IS_INSTANCE.search(urlsplit(request.target).path) if request.method == "GET" else None
    return found[1] if found else ""


def with_parts(response: Response, change: Callable[[list[Part]], Iterable[Part]]) -> Response:
    """Return a multipart response of other parts; another response stays as it is."""
    boundary = response.content_type.parameters.get("boundary")
    if "multipart" not in response.content_type.name or boundary is None:
        return response
    parts = change(list(multipart.read(response).parts))
    return with_body(response, multipart.write(parts, boundary))


def map_datasets(request: Request, response: Response, change: Callable[[Dataset], None]) -> Response:
    """Return the response with the dataset of each instance changed in place."""

    def changed(part: Part) -> Part:
        if part.content_type.name != DICOM:
            return part
        dataset = dcmread(io.BytesIO(part.body))
        change(dataset)
        buffer = io.BytesIO()
        dcmwrite(buffer, dataset)
        return replace(part, body=buffer.getvalue())

    return map_parts(response, changed) if level(request) and response.ok else response


def map_files(request: Request, response: Response, change: Callable[[bytes], bytes]) -> Response:
    """Return the response with the bytes of each instance changed."""
    if not level(request):
        return response
    return map_parts(response, lambda part: replace(part, body=change(part.body)))


@in_response("WADO-001", "WADO-002")
def the_last_instance_is_lost(request: Request, response: Response) -> Response:
    """A study and a series lack their last instance."""
    many = level(request) in {"studies", "series"}
    return with_parts(response, lambda parts: parts[:-1] or parts) if many else response


@in_response("WADO-001", "WADO-002", "WADO-003")
def the_first_instance_comes_twice(request: Request, response: Response) -> Response:
    """The first instance of an answer is repeated at its end."""
    return with_parts(response, lambda parts: [*parts, parts[0]]) if level(request) else response


@in_request("WADO-002", "WADO-003")
def the_study_is_all_there_is(request: Request) -> Request:
    """Whatever is retrieved, the whole study comes."""
    if not level(request):
        return request
    return replace(request, target=re.sub(r"(/studies/[0-9.]+)/.*", r"\1", request.target))


@in_response("WADO-003")
def an_instance_is_never_framed(request: Request, response: Response) -> Response:
    """One instance comes as a single part, though a multipart was asked for."""
    if level(request) != "instances" or "multipart" not in response.content_type.name:
        return response
    return with_header(with_body(response, multipart.read(response).parts[0].body), "Content-Type", DICOM)


@in_response("WADO-001")
def instances_are_octets(request: Request, response: Response) -> Response:
    """The parts of a study are labelled as octet streams."""
    if not level(request):
        return response
    return map_parts(response, lambda part: Part.of("application/octet-stream", part.body))


@in_response("WADO-004")
def files_have_no_preamble(request: Request, response: Response) -> Response:
    """A file begins with DICM."""
    return map_files(request, response, lambda body: body[128:])


@in_response("WADO-004")
def the_group_length_is_short(request: Request, response: Response) -> Response:
    """The group length of the File Meta Information counts all elements but the last."""
    return map_files(request, response, lambda body: body[:140] + b"\x10\0\0\0" + body[144:])


@in_response("WADO-004")
def the_last_bytes_of_a_file_are_lost(request: Request, response: Response) -> Response:
    """A file ends two bytes before its last element does."""
    return map_files(request, response, lambda body: body[:-2])


@in_response("WADO-004")
def the_meta_information_is_of_another(request: Request, response: Response) -> Response:
    """The File Meta Information names another SOP instance."""

    def renamed(dataset: Dataset) -> None:
        dataset.file_meta.MediaStorageSOPInstanceUID = UID("1.2.3")

    return map_datasets(request, response, renamed)


@in_response("WADO-004")
def values_are_not_of_their_vr(request: Request, response: Response) -> Response:
    """Series Number 1 comes as the letter x."""
    series_number = b" \x00\x11\x00IS\x02\x00"
    return map_files(request, response, lambda body: body.replace(series_number + b"1", series_number + b"x"))


@in_response("wado/representations/decompressed_colours*", "wado/representations/decompressed_pixels*")
def colours_keep_another_name(request: Request, response: Response) -> Response:
    """What is RGB is called YBR_FULL, and the other way round."""

    def misnamed(dataset: Dataset) -> None:
        name = dataset.get("PhotometricInterpretation")
        if name in {"RGB", "YBR_FULL"}:
            dataset.PhotometricInterpretation = "RGB" if name == "YBR_FULL" else "YBR_FULL"

    return map_datasets(request, response, misnamed)


@in_response("wado/representations/decompressed_colours*")
def decompressed_is_called_lossless(request: Request, response: Response) -> Response:
    """After decompression nothing says that the pixels have lost something."""

    def cleared(dataset: Dataset) -> None:
        if "LossyImageCompression" in dataset:
            dataset.LossyImageCompression = "00"

    return map_datasets(request, response, cleared)


@in_response("wado/representations/decompressed_pixels*")
def planes_are_called_interleaved(request: Request, response: Response) -> Response:
    """Planar Configuration is the other one."""

    def turned(dataset: Dataset) -> None:
        if "PlanarConfiguration" in dataset:
            dataset.PlanarConfiguration = 1 - dataset.PlanarConfiguration

    return map_datasets(request, response, turned)


@in_response("WADO-006")
def what_is_unknown_is_empty(request: Request, response: Response) -> Response:
    """A study, series or instance that nobody stored is 204."""
    missing = level(request) and response.status == HTTPStatus.NOT_FOUND
    return answer(HTTPStatus.NO_CONTENT) if missing else response


@in_request("WADO-006")
def the_parent_will_do(request: Request) -> Request:
    """An instance that is unknown gives its series."""
    if level(request) != "instances":
        return request
    return replace(request, target=re.sub(r"/instances/[0-9.]+$", "", request.target))


@in_response("WADO-007")
def what_cannot_be_sent_is_dropped(request: Request, response: Response) -> Response:
    """Of a series that is not to be had as asked, what comes is 200 and no instance."""
    if level(request) != "series" or syntaxes(request) != [JPEG_LOSSLESS]:
        return response
    boundary = multipart.BOUNDARY
    return answer(HTTPStatus.OK, multipart.write((), boundary), multipart.content_type(DICOM, boundary))


@in_response(
    "wado/instances/a_report*",
    "wado/instances/a_document*",
    "wado/instances/a_waveform*",
    "wado/instances/a_pres*",
)
def only_images_are_known(request: Request, response: Response) -> Response:
    """What is no image comes without its sequences and its document."""

    def stripped(dataset: Dataset) -> None:
        if dataset.SOPClassUID not in IMAGE_STORAGE:
            for element in list(dataset):
                if element.VR == "SQ" or element.keyword == "EncapsulatedDocument":
                    del dataset[element.tag]

    return map_datasets(request, response, stripped)


@in_response("WADO-010")
def a_study_ends_at_a_page(_: Request, response: Response) -> Response:
    """No answer has more than 100 parts."""
    return with_parts(response, lambda parts: parts[:PAGE])


def is_bulk_of(request: Request) -> bool:
    """Tell whether the request retrieves studies, series or instances as octet streams."""
    return bool(level(request)) and "octet-stream" in accept_of(request)


@in_response("WADO-008")
def the_first_bulk_data_are_all(request: Request, response: Response) -> Response:
    """Instances as octet streams are the pixel data of the first."""
    return with_parts(response, lambda parts: parts[:1]) if is_bulk_of(request) else response


@in_response("WADO-008")
def files_are_octets(request: Request, response: Response) -> Response:
    """Instances as octet streams are their files."""
    if not is_bulk_of(request):
        return response
    return map_parts(response, lambda part: replace(part, body=b"\0" * 128 + b"DICM" + part.body))
