//! Prints the document that describes the API.

#![expect(clippy::print_stdout, reason = "that is what it is for")]

fn main() -> Result<(), serde_json::Error> {
    let document = serde_json::to_value(casare_orchestrator::document())?;
    println!("{}", serde_json::to_string_pretty(&document)?);
    Ok(())
}
