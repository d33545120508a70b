//! The standard nodes as workflows use them, a module a category.

mod artifact;
mod catalogue;
mod csv;
mod data;
mod excel;
mod file;
mod harness;
mod json;
mod text;
