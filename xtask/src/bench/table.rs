//! How results are printed.

use std::fmt;

/// Measured values beside their floors.
#[derive(Debug)]
pub(super) struct Table {
    title: String,
    rows: Vec<[String; 5]>,
}

impl Table {
    pub(super) fn new(title: impl Into<String>) -> Self {
        let head = ["", "casare", "floor", "ratio", "wanted"].map(str::to_owned);
        Self {
            title: title.into(),
            rows: vec![head],
        }
    }

    /// A value that has a floor in the same unit; the ratio is value over floor.
    pub(super) fn compare(
        &mut self,
        what: &str,
        value: f64,
        floor: (&str, f64),
        unit: &str,
        wanted: &str,
    ) {
        let (floor_name, floor_value) = floor;
        self.rows.push([
            what.to_owned(),
            format!("{} {unit}", number(value)),
            format!("{} {unit} ({floor_name})", number(floor_value)),
            format!("{:.2}", value / floor_value),
            wanted.to_owned(),
        ]);
    }

    /// A value that stands for itself.
    pub(super) fn plain(&mut self, what: &str, value: f64, unit: &str, wanted: &str) {
        let value = format!("{} {unit}", number(value));
        self.rows.push([
            what.to_owned(),
            value,
            String::new(),
            String::new(),
            wanted.to_owned(),
        ]);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.title)?;
        let width = |column: usize| {
            self.rows
                .iter()
                .map(|row| row[column].chars().count())
                .max()
                .unwrap_or(0)
        };
        let widths: [usize; 5] = std::array::from_fn(width);
        for row in &self.rows {
            let cells: Vec<String> = row
                .iter()
                .zip(widths)
                .enumerate()
                .map(|(column, (cell, width))| match column {
                    0 => format!("{cell:<width$}"),
                    _ => format!("{cell:>width$}"),
                })
                .collect();
            writeln!(f, "  {}", cells.join("  ").trim_end())?;
        }
        Ok(())
    }
}

/// Large numbers in groups of three, small ones with a digit after the point.
fn number(value: f64) -> String {
    if value < 100.0 {
        return format!("{value:.1}");
    }
    let digits = format!("{value:.0}");
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// The middle value; of an even count, the upper of the two in the middle.
pub(super) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        assert_eq!(number(1_234_567.0), "1,234,567");
        assert_eq!(number(1.25), "1.2");
    }

    #[test]
    fn an_outlier_does_not_move_the_median() {
        assert_eq!(median([3.0, 900.0, 1.0]), 3.0);
    }
}
