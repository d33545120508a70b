use casare_engine::ErrorKind;
use serde_json::json;

use crate::office;

#[tokio::test]
async fn bad_rows_are_a_business_error_or_a_list_as_asked() {
    let office = office();
    office.put(
        "orders.csv",
        "number,total,country\nINV-1,12.5,DE\nINV-1,-3,XX\n,1,FR\n",
    );
    let workflow = |fail: bool| {
        format!(
            r#"
steps:
  - id: orders
    use: csv.read
    with: {{ path: orders.csv }}
  - id: checked
    use: data.validate
    with:
      value: "{{{{ steps.orders.rows }}}}"
      fail: {fail}
      rules:
        number: {{ required: true, pattern: 'INV-\d+', unique: true }}
        total: {{ type: number, min: 0 }}
        country: {{ one_of: [DE, FR] }}
outputs:
  valid: "{{{{ steps.checked.valid }}}}"
  problems: "{{{{ steps.checked.problems | map(attribute='message') | list }}}}"
"#
        )
    };

    let error = office.failure(&workflow(true)).await;
    let outputs = office.outputs(&workflow(false)).await;

    assert_eq!((error.kind, error.retryable), (ErrorKind::Business, false));
    assert_eq!(
        error.message,
        "the data is not valid: row 2: `number` is `INV-1`, as in row 1; row 2: `total` is `-3`, \
         below `0`; row 2: `country` is `XX`, not one of `DE`, `FR`; row 3: `number` is missing"
    );
    assert_eq!(
        outputs,
        json!({
            "valid": false,
            "problems": ["is `INV-1`, as in row 1", "is `-3`, below `0`", "is `XX`, not one of `DE`, `FR`", "is missing"],
        })
    );
}
