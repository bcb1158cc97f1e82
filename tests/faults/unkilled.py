"""Checks that no fault kills before the reference archive, each with the reason."""

UNKILLED: dict[str, str] = {
    "http/resources/a_deleted_study_is_gone": "the reference archive deletes nothing",
    "neg/accept/a_request_without_accept_is_refused": "the reference archive warns (DR-02), as it is",
    "stow/outcomes/an_unsupported_sop_class_is_reported_as_0122": "the reference archive takes any SOP class",
    "ren/parameters/a_presentation_state_shows_its_image": "the reference archive renders no such state",
    "uri/instances/an_anonymized_instance_tells_nobody": "the reference archive does not anonymize; "
    "tests/faults/test_anonymizing.py lends it that",
    "acc/projection/keys_below_the_study_select_no_study": "the reference archive has no such keys",
}
