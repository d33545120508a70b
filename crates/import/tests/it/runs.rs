//! The shapes of the original's own samples, with results worked out by hand.

use casare_node_testing::Office;
use serde_json::json;

use crate::sketch::{file, imported, logged, logged_in};

#[tokio::test]
async fn numbers_of_a_list_are_added_up() {
    let logged = logged(
        &json!([
            ["zero", "SetVariableNode", { "variable_name": "sum", "value": 0 }],
            ["list", "SetVariableNode", { "variable_name": "numbers", "value": [2, 4, 6] }],
            ["each", "ForLoopStartNode", { "items": "{{numbers}}" }],
            ["add", "MathOperationNode", { "a": "{{sum}}", "b": "{{each.current_item}}", "operation": "add" }],
            ["keep", "SetVariableNode", { "variable_name": "sum", "value": "{{add.result}}" }],
            ["end", "ForLoopEndNode", { "paired_start_id": "each" }],
            ["say", "LogNode", { "message": "sum {{sum}}" }],
        ]),
        "zero > list; list > each; each.body > add; add > keep; keep > end; each.completed > say",
    )
    .await;

    assert_eq!(logged, ["sum 12"]);
}

#[tokio::test]
async fn a_condition_loop_counts_with_a_named_result() {
    let logged = logged(
        &json!([
            ["zero", "SetVariableNode", { "variable_name": "n", "value": 0 }],
            ["while", "WhileLoopStartNode", { "condition": "{{n}} < 2" }],
            ["say", "LogNode", { "message": "{{n}}" }],
            ["add", "MathOperationNode", { "a": "{{n}}", "b": 1, "operation": "add", "output_var": "n" }],
            ["end", "WhileLoopEndNode", { "paired_start_id": "while" }],
        ]),
        "zero > while; while.body > say; say > add; add > end",
    )
    .await;

    assert_eq!(logged, ["0", "1"]);
}

#[tokio::test]
async fn arithmetic_comes_out_right() {
    let logged = logged(
        &json!([
            ["sub", "MathOperationNode", { "a": 15, "b": "3", "operation": "subtract" }],
            ["div", "MathOperationNode", { "a": "{{sub.result}}", "b": 8, "operation": "divide" }],
            ["pow", "MathOperationNode", { "a": 2, "b": 8, "operation": "power" }],
            ["mod", "MathOperationNode", { "a": 17, "b": 5, "operation": "modulo" }],
            ["len", "MathOperationNode", { "a": "Hello World", "b": 0, "operation": "length" }],
            ["cmp", "ComparisonNode", { "a": 3, "b": 7, "operator": "less than (<)" }],
            ["say", "LogNode", { "message": "{{sub.result}} {{div.result}} {{pow.result}} {{mod.result}} {{len.result}} {{cmp.result}}" }],
        ]),
        "sub > div; div > pow; pow > mod; mod > len; len > cmp; cmp > say",
    )
    .await;

    assert_eq!(logged, ["12 1.5 256 2 11 true"]);
}

#[tokio::test]
async fn maps_and_lists_come_out_right() {
    let logged = logged(
        &json!([
            ["make", "CreateDictNode", { "key_1": "name", "value_1": "Ada", "key_2": "age", "value_2": 36 }],
            ["set", "DictSetNode", { "dict": "{{make.dict}}", "key": "city", "value": "London" }],
            ["drop", "DictRemoveNode", { "dict": "{{set.result}}", "key": "age" }],
            ["json", "DictToJsonNode", { "dict": "{{drop.result}}" }],
            ["has", "DictHasKeyNode", { "dict": "{{drop.result}}", "key": "age" }],
            ["list", "SetVariableNode", { "variable_name": "nums", "value": [5, 3, 8, 3] }],
            ["more", "ListAppendNode", { "list": "nums", "item": 10 }],
            ["sort", "ListSortNode", { "list": "{{more.result}}", "reverse": true }],
            ["uniq", "ListUniqueNode", { "list": "{{sort.result}}" }],
            ["part", "ListSliceNode", { "list": "{{uniq.result}}", "start": 1, "end": 3 }],
            ["text", "ListJoinNode", { "list": "{{part.result}}", "separator": "-" }],
            ["say", "LogNode", { "message": "{{json.json_string}} {{has.has_key}} {{text.result}} {{list.value}}" }],
        ]),
        "make > set; set > drop; drop > json; json > has; has > list; list > more; more > sort; \
         sort > uniq; uniq > part; part > text; text > say",
    )
    .await;

    assert_eq!(
        logged,
        [r#"{"name":"Ada","city":"London"} false 8-5 [5,3,8,3]"#]
    );
}

#[tokio::test]
async fn texts_come_out_right() {
    let logged = logged(
        &json!([
            ["set", "SetVariableNode", { "variable_name": "t", "value": "  Hello World!  " }],
            ["trim", "TextTrimNode", { "text": "{{t}}" }],
            ["upper", "TextCaseNode", { "text": "{{trim.result}}", "case": "upper" }],
            ["swap", "TextReplaceNode", { "text": "{{trim.result}}", "old": "World", "new": "Casare" }],
            ["part", "TextSubstringNode", { "text": "{{swap.result}}", "start": 0, "end": 5 }],
            ["find", "TextExtractNode", { "text": "to ada@example.com", "pattern": "[a-z]+@[a-z.]+" }],
            ["form", "FormatStringNode", { "template": "{name} is {age}", "variables": { "name": "Ada", "age": 36 } }],
            ["back", "TextReverseNode", { "text": "abc" }],
            ["say", "LogNode", { "message": "{{upper.result}}|{{swap.result}}|{{part.result}}|{{find.match}}|{{form.result}}|{{back.result}}" }],
        ]),
        "set > trim; trim > upper; upper > swap; swap > part; part > find; find > form; form > back; back > say",
    )
    .await;

    assert_eq!(
        logged,
        ["HELLO WORLD!|Hello Casare!|Hello|ada@example.com|Ada is 36|cba"]
    );
}

#[tokio::test]
async fn a_switch_with_numbered_outputs_takes_the_case_at_that_place() {
    let logged = logged(
        &json!([
            ["set", "SetVariableNode", { "variable_name": "c", "value": "b" }],
            ["switch", "SwitchNode", { "value": "{{c}}", "cases": ["a", "b"] }],
            ["one", "LogNode", { "message": "one" }],
            ["two", "LogNode", { "message": "two" }],
            ["none", "LogNode", { "message": "none" }],
            ["merge", "MergeNode"],
            ["after", "LogNode", { "message": "after" }],
        ]),
        "set > switch; switch.case_0 > one; switch.case_1 > two; switch.default > none; \
         one > merge; two > merge; none > merge; merge > after",
    )
    .await;

    assert_eq!(logged, ["two", "after"]);
}

#[tokio::test]
async fn files_are_written_copied_listed_and_deleted() {
    let outcome = imported(&file(
        &json!([
            ["write", "FileSystemSuperNode", { "action": "Write File", "file_path": "out/a.txt", "content": "Hello" }],
            ["more", "FileSystemSuperNode", { "action": "Append File", "file_path": "out/a.txt", "content": "\nYou" }],
            ["copy", "FileSystemSuperNode", { "action": "Copy File", "source_path": "out/a.txt", "dest_path": "out/b.txt" }],
            ["read", "FileSystemSuperNode", { "action": "Read File", "file_path": "out/b.txt" }],
            ["list", "FileSystemSuperNode", { "action": "List Directory", "dir_path": "out" }],
            ["there", "FileSystemSuperNode", { "action": "File Exists", "path": "out/b.txt" }],
            ["if", "IfNode", { "condition": "{{there.exists}} == true" }],
            ["delete", "FileSystemSuperNode", { "action": "Delete File", "file_path": "out/b.txt" }],
            ["say", "LogNode", { "message": "{{read.size}} {{list.count}} {{there.is_file}}" }],
        ]),
        "write > more; more > copy; copy > read; read > list; list > there; there > if; if.true > delete; \
         delete > say; if.false > say",
    ));
    let office = Office::with(casare_nodes::standard());

    assert_eq!(logged_in(&office, &outcome.text).await, ["9 2 true"]);
    assert_eq!(office.files(), ["out/a.txt"]);
    assert_eq!(office.text("out/a.txt"), "Hello\nYou");
}
