//! Limits that take time, many connections or a look inside, and the tests that meet them.

/// What is limited, the file and the test.
pub(super) const ELSEWHERE: [(&str, &str, &str); 25] = [
    ("bytes in the body", "tests/it/api/door.rs", "bodies_are_counted"),
    ("bytes in a body of many", "tests/it/api/door.rs", "bodies_are_counted"),
    ("bytes in a body of a content", "tests/it/api/door.rs", "bodies_are_counted"),
    ("seconds of running", "tests/it/api/door.rs", "a_document_that_waits_for_too_long_is_given_up"),
    ("bytes in the answer", "api/src/http/graphql.rs", "an_answer_is_capped"),
    ("errors told of a document", "tests/it/api/bounds.rs", "each_limit_of_a_document_is_met_at_it_and_over_it"),
    ("seconds for a body", "tests/it/api/hostile.rs", "a_slow_request_holds_up_nobody"),
    ("seconds for a request", "tests/it/api/hostile.rs", "a_slow_request_holds_up_nobody"),
    (
        "seconds in which a reader of an answer takes nothing",
        "api/src/http/listener.rs",
        "who_takes_nothing_of_an_answer_is_cut_off",
    ),
    ("seconds of silence", "api/src/http/listener.rs", "silence_ends_a_connection_and_answered_requests_do_not"),
    (
        "root fields of a subscription",
        "api/src/graphql/guard/document/tests.rs",
        "a_subscription_has_one_field_of_its_own",
    ),
    ("open streams", "api/src/http/graphql/places.rs", "there_are_so_many_places_and_so_many_for_each"),
    ("open streams of a caller", "tests/it/api/subscriptions/bounds.rs", "there_are_so_many_streams_and_no_more"),
    (
        "WebSockets of an address before `connection_init`",
        "tests/it/api/subscriptions/protocol.rs",
        "what_breaks_a_rule_closes_the_connection",
    ),
    ("subscriptions on a WebSocket", "tests/it/api/subscriptions/bounds.rs", "there_are_so_many_streams_and_no_more"),
    ("subscriptions of a tenant", "tests/it/api/subscriptions/bounds.rs", "there_are_so_many_streams_and_no_more"),
    ("bytes in a message of a WebSocket", "tests/it/api/bounds/silence.rs", "a_message_is_as_long_as_it_may_be"),
    (
        "seconds until `connection_init`",
        "tests/it/api/subscriptions/protocol.rs",
        "what_breaks_a_rule_closes_the_connection",
    ),
    (
        "clicks that wait for a slow reader",
        "tests/it/api/subscriptions/bounds.rs",
        "a_slow_reader_is_told_what_it_missed_and_holds_up_nobody",
    ),
    (
        "seconds between two looks at the token and the membership",
        "tests/it/api/subscriptions/bounds.rs",
        "a_right_that_ends_ends_the_stream",
    ),
    (
        "seconds between two signs of life",
        "tests/it/api/bounds/silence.rs",
        "streams_give_signs_of_life_and_wait_for_them",
    ),
    (
        "seconds of silence of a WebSocket's client",
        "tests/it/api/bounds/silence.rs",
        "streams_give_signs_of_life_and_wait_for_them",
    ),
    ("seconds for the writing of a message", "tests/it/api/bounds/silence.rs", "who_reads_nothing_is_cut_off"),
    ("requests a minute of an API key or log-in", "tests/it/programs/limits.rs", "requests_a_minute_are_limited"),
    ("requests a minute of a tenant", "tests/it/programs/limits.rs", "requests_a_minute_are_limited"),
];
