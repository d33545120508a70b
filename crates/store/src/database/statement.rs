//! SQL as constant text, in a list that tests walk, and the macros that run it on whichever
//! database there is.

/// One statement as each database is told it.
#[derive(Debug, Clone, Copy)]
pub struct Sql {
    pub name: &'static str,
    pub sqlite: &'static str,
    pub postgres: &'static str,
}

/// Declares statements as constants, and the list `ALL` of them, for tests to prepare.
///
/// `NAME: "text"` where one text serves both, `NAME: "for SQLite", "for PostgreSQL"` where they
/// must differ. An empty text says that this database does without.
#[macro_export]
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident: $sqlite:literal $(, $postgres:literal)?;)*) => {
        $(
            $(#[$doc])*
            pub(crate) const $name: $crate::Sql = $crate::Sql {
                name: stringify!($name),
                sqlite: $sqlite,
                postgres: $crate::statements!(@last $sqlite $(, $postgres)?),
            };
        )*
        /// Every statement here.
        pub(crate) const ALL: &[$crate::Sql] = &[$($name),*];
    };
    (@last $both:literal) => { $both };
    (@last $sqlite:literal, $postgres:literal) => { $postgres };
}

/// Runs a statement and answers how many rows it changed: `execute!(link, SQL, bind, …)`.
#[macro_export]
macro_rules! execute {
    ($link:expr, $sql:expr $(, $bind:expr)* $(,)?) => {{
        let sql: $crate::Sql = $sql;
        match $link {
            $crate::Link::Sqlite(link) => sqlx::query(sql.sqlite)$(.bind($bind))*
                .execute(&mut *link).await.map(|done| done.rows_affected()),
            $crate::Link::Postgres(link) => sqlx::query(sql.postgres)$(.bind($bind))*
                .execute(&mut *link).await.map(|done| done.rows_affected()),
        }
        .map_err(|error| $crate::DatabaseError::from_sqlx(sql.name, error))
    }};
}

/// Runs a statement and answers its rows: `fetch_all!(link, Row, SQL, bind, …)`.
#[macro_export]
macro_rules! fetch_all {
    ($link:expr, $row:ty, $sql:expr $(, $bind:expr)* $(,)?) => {
        $crate::fetch!(fetch_all, $link, $row, $sql $(, $bind)*)
    };
}

/// Runs a statement and answers its row if there is one.
#[macro_export]
macro_rules! fetch_optional {
    ($link:expr, $row:ty, $sql:expr $(, $bind:expr)* $(,)?) => {
        $crate::fetch!(fetch_optional, $link, $row, $sql $(, $bind)*)
    };
}

/// Runs a statement and answers its only row.
#[macro_export]
macro_rules! fetch_one {
    ($link:expr, $row:ty, $sql:expr $(, $bind:expr)* $(,)?) => {
        $crate::fetch!(fetch_one, $link, $row, $sql $(, $bind)*)
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! fetch {
    ($how:ident, $link:expr, $row:ty, $sql:expr $(, $bind:expr)*) => {{
        let sql: $crate::Sql = $sql;
        match $link {
            $crate::Link::Sqlite(link) => sqlx::query_as::<_, $row>(sql.sqlite)$(.bind($bind))*
                .$how(&mut *link).await,
            $crate::Link::Postgres(link) => sqlx::query_as::<_, $row>(sql.postgres)$(.bind($bind))*
                .$how(&mut *link).await,
        }
        .map_err(|error| $crate::DatabaseError::from_sqlx(sql.name, error))
    }};
}

/// Declares a struct that is read from rows of either database, by the names of its fields.
#[macro_export]
macro_rules! row {
    ($(
        $(#[$doc:meta])*
        $vis:vis struct $name:ident {
            $($(#[$field_doc:meta])* $field_vis:vis $field:ident: $type:ty,)*
        }
    )*) => {$(
        $(#[$doc])*
        $vis struct $name {
            $($(#[$field_doc])* $field_vis $field: $type,)*
        }

        impl<'r, R: sqlx::Row> sqlx::FromRow<'r, R> for $name
        where
            &'static str: sqlx::ColumnIndex<R>,
            $($type: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,)*
        {
            fn from_row(row: &'r R) -> Result<Self, sqlx::Error> {
                Ok(Self { $($field: row.try_get(stringify!($field))?,)* })
            }
        }
    )*};
}
