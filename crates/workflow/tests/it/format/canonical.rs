use insta::assert_snapshot;

use super::fmt;

#[test]
fn a_canonical_text_has_two_spaces_a_level_and_empty_lines_between_sections() {
    let text = r#"
casare: 1
name: 'orders'
inputs:
    file:      {type: file,default: orders.xlsx}
    url:  { type: string,   required: true }
variables: {}
steps:
- id: rows
  use:   excel.read
  with: {path: "{{ inputs.file }}", header: yes}
- use: flow.for_each
  with:
      items: '{{ steps.rows.rows }}'
      as: "row"
  do:
  - use: log.write
    with: { message: "{{ row.Name }}", level: "info" }


  - use: browser.fill_form
    with: { fields: { "label=First Name": "{{ row['First Name'] }}", "label=Last Name": "{{ row['Last Name'] }}" }, submit: "role=button[name=Submit]" }
outputs:
  count: "{{ steps.rows.rows | length }}"
"#;
    assert_snapshot!(fmt(text), @r#"
    casare: 1
    name: orders

    inputs:
      file: { type: file, default: orders.xlsx }
      url: { type: string, required: true }

    variables: {}

    steps:
      - id: rows
        use: excel.read
        with: { path: "{{ inputs.file }}", header: "yes" }

      - use: flow.for_each
        with:
          items: "{{ steps.rows.rows }}"
          as: row
        do:
          - use: log.write
            with: { message: "{{ row.Name }}", level: info }

          - use: browser.fill_form
            with:
              fields:
                label=First Name: "{{ row['First Name'] }}"
                label=Last Name: "{{ row['Last Name'] }}"
              submit: "role=button[name=Submit]"

    outputs:
      count: "{{ steps.rows.rows | length }}"
    "#);
}

#[test]
fn comments_stay_with_what_they_describe() {
    let text = "\
# The whole file.

# The version.
casare: 1 # of the format
steps: # what is done
  # The first.
  - use: a.b # a node
    with: # its settings
      # a setting
      x: 1
      # no more settings
  - # behind a dash
    # and below it
    use: c.d
    text: | # block
      # not a comment
      text
    list: [1, # one
      2] # two
  # no more steps
# no more keys
";
    let canonical = fmt(text);

    assert_snapshot!(canonical, @r#"
    # The whole file.

    # The version.
    casare: 1 # of the format

    steps: # what is done
      # The first.
      - use: a.b # a node
        with: # its settings
          # a setting
          x: 1
          # no more settings

      # behind a dash
      # and below it
      - use: c.d
        text: | # block
          # not a comment
          text
        list:
          - 1 # one
          - 2
          # two
      # no more steps
    # no more keys
    "#);
    assert_eq!(fmt(&canonical), canonical);
}

#[test]
fn texts_with_lines_are_written_as_blocks() {
    let text = r#"
a: "one\ntwo\n"
b: "one\ntwo"
c: >
  folded words
  go on

  and on
d: "ends twice\n\n"
e: [ "in brackets\nlines" ]
f: "  begins with spaces\nx"
"#;
    assert_snapshot!(fmt(text), @r#"
    a: |
      one
      two
    b: |-
      one
      two
    c: >
      folded words
      go on

      and on
    d: "ends twice\n\n"
    e: ["in brackets\nlines"]
    f: "  begins with spaces\nx"
    "#);
}

#[test]
fn numbers_keep_their_spelling_and_words_for_nothing_do_not() {
    assert_snapshot!(fmt("a: 0x1F\nb: 1.50\nc: ~\nd:\ne: True\nf: 1e3\n"), @r#"
    a: 0x1F
    b: 1.50
    c: null
    d: null
    e: true
    f: 1e3
    "#);
}

#[test]
fn lists_and_maps_stay_in_brackets_only_where_they_fit() {
    let long = "x".repeat(60);
    let text = format!("a: {{b: [1, 2], c: {long}, d: {long}}}\n");
    assert_snapshot!(fmt(&text), @r#"
    a:
      b: [1, 2]
      c: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
      d: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
    "#);
}

#[test]
fn json_stays_json_under_its_name_and_becomes_yaml_elsewhere() {
    let json = "{\n\t\"casare\": 1,\n\t\"name\": \"x\",\n\t\"steps\": [{\"use\": \"a.b\", \"with\": {\"c\": \"\\u00e4\\/\"}}]\n}";

    assert_snapshot!(fmt(json), @r#"
    casare: 1
    name: x
    steps: [{ use: a.b, with: { c: ä/ } }]
    "#);
    assert_snapshot!(casare_workflow::format::canonical("x.json", json).unwrap(), @r#"
    {
      "casare": 1,
      "name": "x",
      "steps": [
        {
          "use": "a.b",
          "with": {
            "c": "ä/"
          }
        }
      ]
    }
    "#);
}

#[test]
fn the_examples_of_the_design_change_little() {
    let text = include_str!("../../../../../examples/rpa-challenge/rpa-challenge.workflow.yaml");
    assert_snapshot!(fmt(text), @r#"
    casare: 1
    name: rpa-challenge
    description: Fills the ten forms of the bundled challenge page from a workbook, and checks the score.

    inputs:
      workbook: { type: file, default: challenge.xlsx }
      url: { type: string, required: true }

    steps:
      - id: people
        name: Read the workbook
        use: excel.read
        with: { path: "{{ inputs.workbook }}", header: true }

      - name: Open the challenge
        use: browser.session
        with: { url: "{{ inputs.url }}" }
        do:
          - use: browser.click
            with: { target: "role=button[name=Start]" }

          - name: Fill a form for each person
            use: flow.for_each
            with: { items: "{{ steps.people.rows }}", as: person }
            do:
              - use: browser.fill_form
                with:
                  fields:
                    label=First Name: "{{ person['First Name'] }}"
                    label=Last Name: "{{ person['Last Name'] }}"
                    label=Company Name: "{{ person['Company Name'] }}"
                    label=Role in Company: "{{ person['Role in Company'] }}"
                    label=Address: "{{ person.Address }}"
                    label=Email: "{{ person.Email }}"
                    label=Phone Number: "{{ person['Phone Number'] }}"
                  submit: "role=button[name=Submit]"

          - id: score
            name: Read the score
            use: browser.extract
            with: { target: css=#percent }

          - use: browser.screenshot

          - use: flow.assert
            with:
              condition: "{{ steps.score.text | int == 100 }}"
              message: "The page counted {{ steps.score.text }} % of the fields as right."

    outputs:
      score: "{{ steps.score.text | int }}"
    "#);
}

#[test]
fn line_ends_byte_order_marks_and_document_marks_do_not_matter() {
    let text = "# top\na: 1 # one\n\n# two\nb: |\n  x\n  y\nc: [1, # d\n  2]\n";
    let canonical = fmt(text);

    assert_eq!(fmt(&text.replace('\n', "\r\n")), canonical);
    assert_eq!(fmt(&format!("\u{feff}{text}")), canonical);
    assert_eq!(fmt(&format!("---\n{text}...\n")), canonical);
    assert_eq!(fmt(&text.replace("# top\n", "# top\n---\n")), canonical);
}
