//! What holds for any text and any workflow.

use casare_workflow::{
    Block, DocPath, Document, Input, InputKind, Limits, OnError, OnResume, Retry, Segment, Source,
    Span, Step, Workflow, format,
};
use indexmap::IndexMap;
use proptest::{collection::vec, option, prelude::*, sample::select};
use serde_json::{Value as Json, json};

/// Texts that YAML could misread.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z]{1,8}",
        2 => "[ -~]{0,20}",
        1 => "[ \t\n\ra-z#:{}|>-]{0,20}",
        1 => any::<String>(),
        2 => select(vec![
            "", "~", "null", "true", "yes", "007", "+1", "1e3", "0x1F", ".inf", "1.", "-", "--- a", "? b", "a: b",
            "a #b", "{{ x }}", "{{ x['y'] }}", "a\nb\n", "\n", "a\n\n", " a\nb", "a\n b\n\nc", "a \nb", "# x", "*a",
            "&a", "!a", "%a", "@a", "`a", "'", "\"", "\\", "a:", ":a", "[", "]", "a,b", "\u{feff}x", "x\u{2028}y", "ä",
            "-\tx", "a\t#b", "=", "<<", "...", "a\u{a0}",
        ]).prop_map(str::to_owned),
    ]
}

fn data() -> impl Strategy<Value = Json> {
    let single = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<u64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        text().prop_map(Json::from),
        text().prop_map(Json::from),
    ];
    single.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Json::from),
            vec((text(), inner), 0..5)
                .prop_map(|entries| Json::Object(entries.into_iter().collect())),
        ]
    })
}

fn identifier() -> impl Strategy<Value = String> {
    "[A-Za-z_][A-Za-z0-9_]{0,8}"
}

fn map<T: std::fmt::Debug>(
    names: impl Strategy<Value = String>,
    values: impl Strategy<Value = T>,
) -> impl Strategy<Value = IndexMap<String, T>> {
    vec((names, values), 0..4).prop_map(|entries| entries.into_iter().collect())
}

fn span() -> impl Strategy<Value = Span> {
    (0u64..100_000_000).prop_map(Span::from_millis)
}

fn retry() -> impl Strategy<Value = Retry> {
    let numbers = (1u32.., 1.0f64..100.0, any::<bool>());
    (numbers, span(), span(), vec(text(), 0..3)).prop_map(
        |((attempts, backoff, jitter), delay, max_delay, on)| Retry {
            attempts,
            delay,
            backoff,
            max_delay,
            jitter,
            on,
        },
    )
}

fn step() -> impl Strategy<Value = Step> {
    let plain = (
        (
            "[a-z]{1,6}\\.[a-z_]{1,8}",
            option::of(identifier()),
            option::of(text()),
        ),
        map(text(), data()),
        option::of(prop_oneof![
            any::<bool>().prop_map(Json::from),
            text().prop_map(Json::from)
        ]),
        (option::of(retry()), option::of(span()), option::of(text())),
        any::<[bool; 3]>(),
    );
    let plain = plain.prop_map(
        |((uses, id, name), with, when, (retry, timeout, note), [go_on, repeat, disabled])| Step {
            uses,
            id,
            name,
            with,
            when,
            retry,
            timeout,
            on_error: if go_on {
                OnError::Continue
            } else {
                OnError::Fail
            },
            on_resume: if repeat {
                OnResume::Repeat
            } else {
                OnResume::Ask
            },
            disabled,
            note,
            ..Step::default()
        },
    );
    plain.prop_recursive(3, 12, 3, |inner| {
        let steps = vec(inner.clone(), 0..3);
        let block = prop_oneof![
            steps.clone().prop_map(Block::Steps),
            vec((text(), steps), 1..3).prop_map(|lists| Block::Named(lists.into_iter().collect())),
        ];
        let names =
            select(vec!["do", "then", "else", "catch", "body", "branches"]).prop_map(str::to_owned);
        // A name `use` inside a block would be a step without its dash.
        (inner, map(names, block)).prop_map(|(mut step, blocks)| {
            step.blocks = blocks;
            step
        })
    })
}

fn input() -> impl Strategy<Value = Input> {
    let kind = select(vec![
        InputKind::String,
        InputKind::Integer,
        InputKind::Number,
        InputKind::Boolean,
        InputKind::List,
        InputKind::Map,
        InputKind::File,
        InputKind::Folder,
        InputKind::Date,
        InputKind::Credential,
        InputKind::Any,
    ]);
    (
        kind,
        option::of(data()),
        any::<bool>(),
        option::of(text()),
        vec(data(), 0..3),
    )
        .prop_map(|(kind, default, required, description, options)| Input {
            kind,
            default,
            required,
            description,
            options,
        })
}

fn workflow() -> impl Strategy<Value = Workflow> {
    let head = (
        text().prop_filter("a name", |name| !name.trim().is_empty()),
        option::of(text()),
    );
    let limits = (
        option::of(1u64..),
        option::of(any::<u64>()),
        option::of(span()),
        option::of(span()),
    );
    (
        head,
        map(identifier(), input()),
        map(identifier(), data()),
        vec(identifier(), 0..3),
        limits,
        vec(step(), 0..4),
        map(text(), data()),
    )
        .prop_map(
            |((name, description), inputs, variables, env, limits, steps, outputs)| Workflow {
                name,
                description,
                inputs,
                variables,
                env,
                limits: Limits {
                    passes: limits.0,
                    inline_output: limits.1,
                    run_time: limits.2,
                    grace: limits.3,
                },
                steps,
                outputs,
            },
        )
}

/// YAML with comments, blocks and brackets, well formed by construction.
fn block(depth: u32) -> BoxedStrategy<Vec<String>> {
    let comment = option::weighted(0.3, "# ?[a-z:#\\[{'\" -]{0,8}");
    let scalar = select(vec![
        "1",
        "x",
        "'it''s'",
        "\"{{ x }}\"",
        "",
        "~",
        "a b",
        "|\n  l1\n\n  l2",
        ">-\n  f1\n  f2",
        "'a\n\n  b'",
    ]);
    let flow = select(vec![
        "[]",
        "{}",
        "[a, b]",
        "{a: 1, b: [x]}",
        "[a, # c\n  b]",
        "{ # c\n  a: 1,\n  # d\n  b: {} # e\n  }",
        "[ # none\n  ]",
        "[[a, # c\n  b], {}]",
    ]);
    let leaf = prop_oneof![3 => scalar, 2 => flow]
        .prop_map(|text| text.split('\n').map(str::to_owned).collect::<Vec<_>>());
    if depth == 0 {
        return leaf.boxed();
    }
    let own = vec((select(vec![0usize, 1, 2]), "# ?[a-z]{0,5}"), 0..3);
    let child = (
        own,
        any::<bool>(),
        comment,
        prop_oneof![leaf, block(depth - 1)],
    );
    let children = vec(child, 1..4);
    let tail = vec((select(vec![0usize, 1, 2]), "#[a-z]{0,5}"), 0..2);
    (any::<bool>(), children, tail)
        .prop_map(|(is_map, children, tail)| {
            // The first line is empty: a block begins on the line after its key.
            let mut lines = vec![String::new()];
            for (number, (own, blank, comment, value)) in children.into_iter().enumerate() {
                lines.extend(
                    own.into_iter()
                        .map(|(indent, text)| " ".repeat(indent) + &text),
                );
                if blank {
                    lines.push(String::new());
                }
                let mark = if is_map {
                    format!("k{number}:")
                } else {
                    "-".to_owned()
                };
                let mut value = value.into_iter();
                let first = value.next().unwrap_or_default();
                let comment = comment.filter(|_| !first.contains('#')).filter(|_| {
                    // Inside quotes that go on in the next line it would be text.
                    !first.starts_with("'a")
                });
                let comment = comment.map(|text| format!(" {text}")).unwrap_or_default();
                lines.push(format!("{mark} {first}{comment}"));
                lines.extend(value.map(|line| {
                    if line.is_empty() {
                        line
                    } else {
                        format!("  {line}")
                    }
                }));
            }
            lines.extend(
                tail.into_iter()
                    .map(|(indent, text)| " ".repeat(indent) + &text),
            );
            lines
        })
        .boxed()
}

fn document() -> impl Strategy<Value = String> {
    block(3).prop_map(|lines| lines.join("\n") + "\n")
}

/// The path of a part of `data`, found by taking these turns.
fn part(mut data: &Json, turns: &[prop::sample::Index]) -> DocPath {
    let mut path = DocPath::default();
    for turn in turns {
        match data {
            Json::Array(items) if !items.is_empty() => {
                let index = turn.index(items.len());
                path = path.index(index);
                data = &items[index];
            }
            Json::Object(map) if !map.is_empty() => {
                let (key, value) = map.iter().nth(turn.index(map.len())).unwrap();
                path = path.key(key);
                data = value;
            }
            _ => break,
        }
    }
    path
}

fn at<'d>(data: &'d mut Json, path: &[Segment]) -> &'d mut Json {
    path.iter().fold(data, |data, segment| match segment {
        Segment::Key(key) => &mut data[&**key],
        Segment::Index(index) => &mut data[*index],
    })
}

fn remove_at(data: &mut Json, path: &[Segment]) -> Json {
    let (last, above) = path.split_last().unwrap();
    match (at(data, above), last) {
        (Json::Object(map), Segment::Key(key)) => map.shift_remove(&**key).unwrap(),
        (Json::Array(items), Segment::Index(index)) => items.remove(*index),
        (other, _) => panic!("{other}"),
    }
}

/// The comments of a text in order, found by the parser.
fn comments(text: &str) -> Vec<String> {
    let events = granit_parser::Parser::new_from_str(text);
    let comments = events.filter_map(|event| match event.unwrap() {
        (granit_parser::Event::Comment(text, _), span) => {
            Some((span.start.index(), text.trim_end().to_owned()))
        }
        _ => None,
    });
    let mut comments: Vec<_> = comments.collect();
    comments.sort();
    comments.into_iter().map(|(_, text)| text).collect()
}

const REAL: [&str; 2] = [
    include_str!("../../../../../examples/rpa-challenge/rpa-challenge.workflow.yaml"),
    include_str!("../../../../../examples/bench/loop.workflow.yaml"),
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_workflow_is_read_back_as_it_was_written(workflow in workflow()) {
        let written = format::write(&workflow);
        match Source::read("a", &written) {
            Ok((read, _)) => prop_assert_eq!(read, workflow, "{}", written),
            Err(problems) => prop_assert!(false, "{:#}\n{}", problems.to_json(), written),
        }
        prop_assert_eq!(super::fmt(&written), written);
    }

    #[test]
    fn data_is_read_back_as_it_was_written(data in data()) {
        let written = Document::from_json(&data).write();
        let read = Document::parse("a", &written);
        let read = read.map_err(|problems| TestCaseError::fail(format!("{:#}\n{written}", problems.to_json())))?;
        prop_assert_eq!(read.to_json(), data, "{}", written);
        prop_assert_eq!(read.write(), written);
    }

    #[test]
    fn the_canonical_form_keeps_data_and_comments_and_is_final(text in document()) {
        let before = Document::parse("a", &text);
        let before = before.map_err(|problems| TestCaseError::fail(format!("{:#}\n{text}", problems.to_json())))?;
        let canonical = before.write();
        let after = Document::parse("a", &canonical);
        let after = after.map_err(|problems| TestCaseError::fail(format!("{:#}\n{text}\n=>\n{canonical}", problems.to_json())))?;
        // As text, to see the order of keys too.
        let (data, same) = (before.to_json().to_string(), after.to_json().to_string());
        prop_assert_eq!(same, data, "{}\n=>\n{}", text, canonical);
        prop_assert_eq!(comments(&canonical), comments(&text), "{}\n=>\n{}", text, canonical);
        prop_assert_eq!(after.write(), canonical.clone(), "{}\n=>\n{}", text, canonical);
    }

    #[test]
    fn an_edit_changes_what_it_names_and_nothing_else(
        text in document(),
        turns in vec(any::<prop::sample::Index>(), 0..4),
        remove in any::<bool>(),
        data in data(),
    ) {
        let mut document = Document::parse("a", &text).unwrap();
        let mut expected = document.to_json();
        let path = part(&expected, &turns);
        if remove && !path.0.is_empty() {
            prop_assert_eq!(document.remove(&path).unwrap(), remove_at(&mut expected, &path.0));
        } else {
            document.set(&path, &data).unwrap();
            *at(&mut expected, &path.0) = data;
        }
        let written = document.write();
        let read = Document::parse("a", &written);
        let read = read.map_err(|problems| {
            TestCaseError::fail(format!("{:#}\n{text}\n=>\n{written}", problems.to_json()))
        })?;
        prop_assert_eq!(read.to_json(), expected, "{}", written);
        prop_assert_eq!(read.write(), written.clone(), "{}", written);
    }

    #[test]
    fn no_text_panics(text in prop_oneof![any::<String>(), "[ \n:#'\"{}\\[\\],&*!|>?a-]{0,60}"]) {
        if let Ok((workflow, _)) = Source::read("a", &text) {
            format::write(&workflow);
        }
        if let Ok(canonical) = format::canonical("a", &text) {
            prop_assert_eq!(format::canonical("a", &canonical).unwrap(), canonical.clone(), "{:?} => {:?}", text, canonical);
        }
    }

    #[test]
    fn no_damage_to_a_real_workflow_panics(
        real in select(REAL.to_vec()),
        cuts in vec((any::<prop::sample::Index>(), 0usize..30, text()), 1..4),
    ) {
        let mut letters: Vec<char> = real.chars().collect();
        for (at, length, new) in cuts {
            let at = at.index(letters.len().max(1));
            let end = (at + length).min(letters.len());
            letters.splice(at.min(end)..end, new.chars());
        }
        let text: String = letters.into_iter().collect();
        if let Err(problems) = Source::read("a", &text) {
            prop_assert!(!problems.problems.is_empty());
            let mut shown = String::new();
            miette::GraphicalReportHandler::new().render_report(&mut shown, &problems).unwrap();
            prop_assert!(problems.to_json().as_array().is_some_and(|list| !list.is_empty()));
        }
        if let Ok(canonical) = format::canonical("a", &text) {
            let data = Document::parse("a", &text).unwrap().to_json();
            prop_assert_eq!(Document::parse("a", &canonical).unwrap().to_json(), data);
        }
    }
}

#[test]
fn amounts_and_names_survive_at_their_edges() {
    let mut workflow = Workflow {
        name: "- x".to_owned(),
        ..Workflow::default()
    };
    workflow
        .outputs
        .insert(String::new(), json!({ "": [[], {}, ""] }));
    workflow.limits.inline_output = Some(0);

    let (read, _) = Source::read("a", &format::write(&workflow)).unwrap();

    assert_eq!(read, workflow);
}
