//! The reader of RON against the `ron` crate: where that one can read a text, ours reads the same.

use proptest::prelude::*;
use scenewright::recipe::syntax::{self, Kind, Node};

/// A tree in the terms of `ron::Value`, which forgets names of structs and variants. Numbers become one kind.
#[derive(Debug, Clone, PartialEq)]
enum Plain {
    Unit,
    Bool(bool),
    Char(char),
    Number(f64),
    Text(String),
    Bytes(Vec<u8>),
    Option(Option<Box<Plain>>),
    Seq(Vec<Plain>),
    Map(Vec<(Plain, Plain)>),
}

fn of_ron(value: &ron::Value) -> Plain {
    use ron::Value;
    match value {
        Value::Unit => Plain::Unit,
        Value::Bool(value) => Plain::Bool(*value),
        Value::Char(value) => Plain::Char(*value),
        Value::Number(value) => Plain::Number(value.into_f64()),
        Value::String(value) => Plain::Text(value.clone()),
        Value::Bytes(value) => Plain::Bytes(value.clone()),
        Value::Option(value) => Plain::Option(value.as_ref().map(|value| Box::new(of_ron(value)))),
        Value::Seq(values) => Plain::Seq(values.iter().map(of_ron).collect()),
        Value::Map(entries) => sorted(entries.iter().map(|(key, value)| (of_ron(key), of_ron(value))).collect()),
    }
}

fn sorted(mut entries: Vec<(Plain, Plain)>) -> Plain {
    entries.sort_by_key(|entry| format!("{entry:?}"));
    Plain::Map(entries)
}

fn of_ours(node: &Node) -> Plain {
    match &node.kind {
        Kind::Bool(value) => Plain::Bool(*value),
        Kind::Integer(value) => Plain::Number(*value as f64),
        Kind::Float(value) => Plain::Number(*value),
        Kind::Char(value) => Plain::Char(*value),
        Kind::Text(value) => Plain::Text(value.clone()),
        Kind::Bytes(value) => Plain::Bytes(value.clone()),
        Kind::List(items) => Plain::Seq(items.iter().map(of_ours).collect()),
        Kind::Map(entries) => sorted(entries.iter().map(|(key, value)| (of_ours(key), of_ours(value))).collect()),
        Kind::Bad => panic!("unreadable"),
        Kind::Group(group) => match (group.name.as_ref().map(|name| name.text.as_str()), group.args.as_deref()) {
            (Some("None"), None) => Plain::Option(None),
            (Some("Some"), Some([arg])) => Plain::Option(Some(Box::new(of_ours(&arg.value)))),
            (_, None) | (None, Some([])) => Plain::Unit,
            (_, Some(args)) if args.first().is_some_and(|arg| arg.name.is_some()) => sorted(
                args.iter().map(|arg| (Plain::Text(arg.name.clone().unwrap().text), of_ours(&arg.value))).collect(),
            ),
            (_, Some(args)) => Plain::Seq(args.iter().map(|arg| of_ours(&arg.value)).collect()),
        },
    }
}

fn assert_agreement(text: &str) {
    let theirs: ron::Value = ron::from_str(text).unwrap_or_else(|error| panic!("ron cannot read {text}: {error}"));
    let ours = syntax::parse(text);
    assert!(ours.problems.is_empty(), "{text}\n{:?}", ours.problems);
    // Debug form: NaN is equal to itself there.
    assert_eq!(format!("{:?}", of_ours(&ours.root)), format!("{:?}", of_ron(&theirs)), "{text}");
}

#[test]
fn notations_mean_what_they_mean_to_ron() {
    for text in [
        "1",
        "-1",
        "+1",
        "1_000",
        "0x1F",
        "-0x1f",
        "0b1011",
        "0o17",
        "1.5",
        ".5",
        "1.",
        "-.5e-3",
        "8e3",
        "1E+5",
        "1_0.5",
        "7u8",
        "-7i64",
        "2.5f32",
        "0.1f32",
        "2.5f64",
        "18446744073709551615",
        "-9223372036854775808",
        "123456789012345678901234567890",
        "inf",
        "-inf",
        "NaN",
        "inff64",
        "true",
        "false",
        "()",
        "'a'",
        "'\\n'",
        "'\\''",
        "'\u{e9}'",
        "b'a'",
        "b\"ab\\x01\"",
        "br\"a\\\"",
        r#""""#,
        r#""a\"b\\c\n\t\r\0\x41\u{e9}\u{1F600}""#,
        "\"a\\\n   b\"",
        "\"two\nlines\"",
        "r\"a\\b\"",
        "r#\"a\"b\"#",
        "r##\"a\"#b\"##",
        "[]",
        "[1,2,3]",
        "[1,2,3,]",
        "[ [1], [] ]",
        "{}",
        "{\"a\":1,\"b\":2}",
        "{1:2,}",
        "{'a':[1]}",
        "{(1,2):3}",
        "(1,2)",
        "(1,)",
        "(a:1,b:(c:2))",
        "Name",
        "Name(1)",
        "Name(1,2)",
        "Name(a:1)",
        "Name (1)",
        "Name()",
        "r#type(r#a: 1)",
        "Some(1)",
        "None",
        "Some(Some(None))",
        "Some((1,2))",
        "Some(Name(a: 1))",
        "// c\n1 // d\n",
        "/* a /* b */ c */ 1",
        "#![enable(implicit_some)]\n(a: 1)",
        "#![enable(implicit_some, unwrap_newtypes)] 1",
        "\u{200e}1\u{2028}",
        "(\r\n a: 1,\r\n)",
    ] {
        assert_agreement(text);
    }
}

#[test]
fn positional_values_may_come_before_named_ones() {
    let parsed = syntax::parse("On(\"table\", spacing: 0.02)");
    assert!(parsed.problems.is_empty());
    let Kind::Group(group) = &parsed.root.kind else { panic!("a group") };
    let args = group.args.as_deref().unwrap();
    assert_eq!(args[0].value.kind, Kind::Text("table".into()));
    assert_eq!((args[1].name.as_ref().unwrap().text.as_str(), &args[1].value.kind), ("spacing", &Kind::Float(0.02)));
}

#[test]
fn every_node_knows_its_place() {
    let text = "(a: [1, \"\u{e9}\"], b: Name(2.5))";
    fn visit(text: &str, node: &Node, found: &mut Vec<String>) {
        found.push(text[node.span.start..node.span.end].to_owned());
        match &node.kind {
            Kind::List(items) => items.iter().for_each(|item| visit(text, item, found)),
            Kind::Group(group) => group.args.iter().flatten().for_each(|arg| visit(text, &arg.value, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    visit(text, &syntax::parse(text).root, &mut found);
    assert_eq!(found, [text, "[1, \"\u{e9}\"]", "1", "\"\u{e9}\"", "Name(2.5)", "2.5"]);
}

/// Values, with the odd notation that a person might choose.
fn written() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(|value| value.to_string()),
        any::<i64>().prop_map(|value| value.to_string()),
        any::<u32>().prop_map(|value| format!("{value:#x}")),
        any::<f64>().prop_filter("finite", |value| value.is_finite()).prop_map(|value| format!("{value:?}")),
        any::<String>().prop_map(|value| ron::to_string(&value).unwrap()),
        any::<char>().prop_map(|value| ron::to_string(&value).unwrap()),
        "[A-Z][a-z_]{0,6}".prop_filter("not a word of RON", |name| !["Some", "None", "NaN"].contains(&name.as_str())),
        Just("None".to_owned()),
    ];
    let comma = prop_oneof![Just(", "), Just(" ,\n"), Just(",/* , */ "), Just(", // (\n")];
    leaf.prop_recursive(5, 60, 6, move |inner| {
        let items = prop::collection::vec(inner.clone(), 1..6);
        let field = "[a-z]{3,5}_";
        prop_oneof![
            (items.clone(), comma.clone(), any::<bool>()).prop_map(|(items, comma, end)| format!(
                "[{}{}]",
                items.join(comma),
                if end { "," } else { "" }
            )),
            (items.clone(), comma.clone()).prop_map(|(items, comma)| format!("({}{comma})", items.join(comma))),
            (prop::collection::btree_map(field, inner.clone(), 1..5), comma.clone(), "([A-Z][a-z]{2,3}_)?").prop_map(
                |(fields, comma, name)| {
                    let fields: Vec<String> =
                        fields.into_iter().map(|(name, value)| format!("{name} : {value}")).collect();
                    format!("{name}({})", fields.join(comma))
                }
            ),
            (prop::collection::btree_map("[ -~]{1,6}", inner.clone(), 1..5), comma.clone()).prop_map(
                |(entries, comma)| {
                    let entries: Vec<String> =
                        entries.into_iter().map(|(key, value)| format!("{key:?}: {value}")).collect();
                    format!("{{{}}}", entries.join(comma))
                }
            ),
            inner.prop_map(|value| format!("Some({value})")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn whatever_ron_reads_is_read_alike(text in written()) {
        // Too many texts that ron itself cannot read would fail this test.
        prop_assume!(ron::from_str::<ron::Value>(&text).is_ok());
        assert_agreement(&text);
    }
}
