use casare_engine::ErrorKind;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::{office, outcome_of};

fn result(node: &str, with: Json) -> Json {
    outcome_of(node, with)["result"].clone()
}

#[tokio::test]
async fn an_invoice_gets_its_due_date() {
    let office = office();
    office.put(
        "company.ics",
        "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x//EN\nBEGIN:VEVENT\nUID:1\nDTSTAMP:20260101T000000Z\n\
         DTSTART;VALUE=DATE:20260518\nDTEND;VALUE=DATE:20260520\nSUMMARY:Closed\nEND:VEVENT\nEND:VCALENDAR\n",
    );

    let outputs = office
        .outputs(
            r#"
steps:
  - { id: issued, use: date.parse, with: { text: "Mittwoch, 13. Mai 2026", zone: Europe/Berlin } }
  - id: due
    use: date.add
    with:
      date: "{{ steps.issued.result }}"
      business_days: 3
      calendar: { file: company.ics, holidays: [{ date: easter+39, name: Ascension }] }
  - id: worked
    use: date.business_days
    with:
      from: "{{ steps.issued.result }}"
      to: "{{ steps.due.result }}"
      calendar: { file: company.ics, holidays: [{ date: easter+39, name: Ascension }] }
  - { id: left, use: date.difference, with: { from: "{{ steps.issued.result }}", to: "{{ steps.due.result }}" } }
  - { id: letter, use: date.format, with: { date: "{{ steps.due.result }}", format: long, language: de } }
  - { id: late, use: date.compare, with: { a: "{{ steps.due.result }}", b: 21.05.2026 } }
  - { id: end, use: date.round, with: { date: "{{ steps.due.result }}", to: end, of: quarter } }
  - { id: may, use: date.calendar, with: { from: May 2026 } }
outputs:
  issued: "{{ [steps.issued.result, steps.issued.weekday_name, steps.issued.week] }}"
  due: "{{ steps.due.result }}"
  worked: "{{ steps.worked.days }}"
  free: "{{ steps.worked.holidays | map(attribute='name') | list }}"
  left: "{{ [steps.left.result, steps.left.text] }}"
  letter: "{{ steps.letter.result }}"
  late: "{{ steps.late.result }}"
  end: "{{ steps.end.result }}"
  may: "{{ [steps.may.count, steps.may.business_days] }}"
"#,
        )
        .await;

    assert_eq!(
        outputs,
        json!({
            "issued": ["2026-05-13", "wednesday", 20],
            "due": "2026-05-21",
            "worked": ["2026-05-13", "2026-05-15", "2026-05-20", "2026-05-21"],
            "free": ["Ascension", "Closed", "Closed"],
            "left": [8, "8 days"],
            "letter": "21. Mai 2026",
            "late": "same",
            "end": "2026-06-30",
            "may": [31, 21],
        })
    );
}

#[test]
fn zones_and_changes_of_clocks_are_respected() {
    let parse = |with| result("date.parse", with);

    assert_eq!(
        parse(json!({ "text": "2026-07-01 12:00", "zone": "Europe/Berlin", "to_zone": "UTC" })),
        json!("2026-07-01T10:00:00Z")
    );
    assert_eq!(
        parse(json!({ "text": 1_772_543_109, "zone": "America/New_York" })),
        json!("2026-03-03T08:05:09-05:00")
    );
    // On 29 March 2026 clocks go forward in Berlin: a day has 23 hours.
    let start = "2026-03-28T12:00:00+01:00[Europe/Berlin]";
    assert_eq!(
        result("date.add", json!({ "date": start, "days": 1 })),
        json!("2026-03-29T12:00:00+02:00")
    );
    let hours = outcome_of(
        "date.difference",
        json!({ "from": "2026-03-28 12:00", "to": "2026-03-29 12:00", "zone": "Europe/Berlin", "unit": "hours" }),
    );
    assert_eq!((&hours["result"], &hours["days"]), (&json!(23), &json!(1)));
    assert_eq!(
        result(
            "date.format",
            json!({ "date": "2026-07-01T10:00:00Z", "to_zone": "Asia/Tokyo", "format": "D.M. HH:mm Z" })
        ),
        json!("1.7. 19:00 +09:00")
    );
}

#[test]
fn dates_move_as_calendars_say() {
    let add = |with| result("date.add", with);

    assert_eq!(
        add(json!({ "date": "2026-01-31", "months": 1 })),
        json!("2026-02-28")
    );
    assert_eq!(
        add(json!({ "date": "2024-02-29", "years": 1 })),
        json!("2025-02-28")
    );
    assert_eq!(
        add(json!({ "date": "2026-03-06", "by": "1 business day" })),
        json!("2026-03-09")
    );
    assert_eq!(
        add(json!({ "date": "2026-03-03", "by": "-2w" })),
        json!("2026-02-17")
    );
    assert_eq!(
        add(json!({ "date": "2026-03-03", "hours": 5 })),
        json!("2026-03-03T05:00:00")
    );
    assert_eq!(
        result(
            "date.business_days",
            json!({ "from": "2026-03-02", "to": "2026-03-15", "calendar": { "weekend": ["friday", "saturday"] } })
        ),
        json!(10)
    );
    assert_eq!(
        outcome_of(
            "date.compare",
            json!({ "a": "2026-03-03", "b": "March 31, 2026", "by": "quarter" })
        )["is_equal"],
        json!(true)
    );
}

#[tokio::test]
async fn the_time_is_the_one_of_the_run_and_told_in_any_zone() {
    let outputs = office()
        .outputs(
            r#"
steps:
  - { id: here, use: date.now, with: { zone: Asia/Kolkata } }
  - { id: there, use: date.now, with: { zone: UTC, format: unix } }
  - { id: tomorrow, use: date.parse, with: { text: tomorrow, zone: UTC } }
  - { id: ahead, use: date.difference, with: { from: "{{ steps.there.date }}", to: "{{ steps.tomorrow.result }}" } }
outputs:
  offset: "{{ steps.here.result[-6:] }}"
  apart: "{{ steps.there.timestamp - steps.here.timestamp < 60 }}"
  unix: "{{ steps.there.text | int == steps.there.timestamp }}"
  ahead: "{{ steps.ahead.result }}"
"#,
        )
        .await;

    assert_eq!(
        outputs,
        json!({ "offset": "+05:30", "apart": true, "unix": true, "ahead": 1 })
    );
}

#[tokio::test]
async fn what_is_no_date_or_zone_is_refused_with_a_way_out() {
    let office = office();
    let failure = async |with: &str| office.failure(&format!("steps:\n  - {with}\n")).await;

    let ambiguous = failure("{ use: date.parse, with: { text: 3/4/2026 } }").await;
    let zone = failure("{ use: date.now, with: { zone: Europe/Berlim } }").await;
    let nonsense = failure("{ use: date.add, with: { date: soon, days: 1 } }").await;
    let far = failure("{ use: date.add, with: { date: today, years: 99999999 } }").await;
    let list = failure("{ use: date.format, with: { date: [1] } }").await;
    let format = failure("{ use: date.parse, with: { text: 2026, format: DD.MM.YYYY } }").await;
    let file = failure("{ use: date.calendar, with: { calendar: { file: none.ics } } }").await;
    let weekend = failure("{ use: date.add, with: { days: 1, calendar: { weekend: [monday, tuesday, wednesday, thursday, friday, saturday, sunday] } } }").await;
    let long =
        failure("{ use: date.business_days, with: { from: 0001-01-01, to: 9999-12-31 } }").await;

    assert!(
        ambiguous.message.contains("`order: day_first`"),
        "{}",
        ambiguous.message
    );
    assert_eq!(
        zone.message,
        "setting `zone`: there is no time zone `Europe/Berlim`"
    );
    assert_eq!(zone.help.unwrap(), "did you mean `Europe/Berlin`?");
    assert_eq!(
        nonsense.message,
        "setting `date`: `soon` can't be read as a date"
    );
    assert_eq!(far.message, "that is too far away");
    assert!(list.message.contains("is no date"), "{}", list.message);
    assert!(
        format.message.contains("not written as `DD.MM.YYYY`"),
        "{}",
        format.message
    );
    assert_eq!(file.kind, ErrorKind::NotFound);
    assert!(
        weekend.message.contains("no day is left to work"),
        "{}",
        weekend.message
    );
    assert!(long.message.contains("more than"), "{}", long.message);
}

#[test]
fn a_text_that_is_no_date_can_have_a_default() {
    let parsed = outcome_of(
        "date.parse",
        json!({ "text": "n/a", "default": "2026-01-01" }),
    );

    assert_eq!(
        (&parsed["valid"], &parsed["result"]),
        (&json!(false), &json!("2026-01-01"))
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_difference_leads_from_one_date_to_the_other(
        from in -20_000..20_000i64,
        days in 0..3000i64,
        seconds in 0..86_400i64,
    ) {
        let start = result("date.add", json!({ "date": "2000-01-01T00:00:00Z", "days": from, "seconds": seconds }));
        let end = result("date.add", json!({ "date": start, "days": days }));
        let apart = outcome_of("date.difference", json!({ "from": start, "to": end, "zone": "UTC" }));
        let back = result("date.add", json!({
            "date": start, "years": apart["years"], "months": apart["months"], "days": apart["days"], "zone": "UTC",
        }));

        prop_assert_eq!(&apart["result"], &json!(days));
        prop_assert_eq!(back, end);
    }

    #[test]
    fn business_days_added_are_business_days_between(from in 0..4000i64, count in 0..60i64) {
        let calendar = json!({ "holidays": ["12-25", "easter-2", "easter+1", "2026-05-01"] });
        let start = result("date.add", json!({ "date": "2020-01-01", "days": from }));
        let end = result("date.add", json!({ "date": start, "business_days": count, "calendar": calendar }));
        let between = outcome_of("date.difference", json!({
            "from": start, "to": end, "unit": "business_days", "calendar": calendar,
        }));

        prop_assert_eq!(&between["result"], &json!(count));
    }

    #[test]
    fn what_is_written_is_read_back(days in -30_000..30_000i64, pattern in prop_oneof![
        Just("DD.MM.YYYY"), Just("%Y/%m/%d"), Just("D MMMM YYYY"), Just("dddd, MMM D YYYY"), Just("YYYYMMDD"),
    ]) {
        let date = result("date.add", json!({ "date": "2000-01-01", "days": days }));
        let text = result("date.format", json!({ "date": date, "format": pattern }));
        let back = result("date.parse", json!({ "text": text, "format": pattern }));

        prop_assert_eq!(back, date);
    }
}
