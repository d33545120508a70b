//! Filling forms whose fields are named the way people name them.

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{
    action::FieldValue,
    error::BrowserError,
    locator::Locator,
    page::Page,
    program::{Found, Point, Program, steps_of},
};

impl Page {
    /// As [`Page::fill_form`], where some locators are names (`field=First name`, see [`Locator::of_field`]):
    /// all names are given their fields together, and none is filled before every name has one.
    ///
    /// # Errors
    ///
    /// `NotActionable` with what came nearest where no field is sure enough to be meant; `Ambiguous` where two
    /// are about as sure.
    pub async fn fill_fields(
        &self,
        fields: &[FieldValue],
        submit: Option<&Locator>,
        deadline: Instant,
    ) -> Result<(), BrowserError> {
        let named = |locator: &Locator| locator.needs_understanding();
        let Some((first, _)) = fields.first() else {
            return self.fill_form(fields, submit, deadline).await;
        };
        if !fields.iter().any(|(locator, _)| named(locator)) {
            return self.fill_form(fields, submit, deadline).await;
        }
        self.touch();
        let mut program = Program::new("fill-fields", first);
        program.locators = fields
            .iter()
            .map(|(locator, _)| locator)
            .chain(submit)
            .collect();
        let field =
            |(locator, value): &FieldValue| json!({ "steps": steps_of(locator), "value": value });
        program = program.with("fields", fields.iter().map(field).collect::<Vec<Value>>());
        if let Some(submit) = submit {
            program = program.with("submit", json!({ "steps": steps_of(submit) }));
        }
        let Found { value: point, .. } = self.run::<Option<Point>>(&program, deadline).await?;
        match (submit, point) {
            (Some(_), Some(point)) => self.click_point(point, deadline).await,
            _ => Ok(()),
        }
    }
}
