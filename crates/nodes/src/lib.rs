//! The standard node library, one folder a category.
