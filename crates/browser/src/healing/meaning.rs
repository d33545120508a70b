//! Words on buttons, links and fields that mean the same, and those that must not be confused.

use std::collections::BTreeSet;

use super::likeness::{by_letters, by_words, plain, words};

/// How the name of a candidate relates to the one that is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    /// The same but for case and spaces.
    Same,
    /// Spelt a little differently, or another word for the same.
    Close,
    /// One says more than the other.
    Partial,
    /// One of them has no name.
    Silent,
    /// Other words.
    Different,
    /// Words that are told apart on purpose: delete and save, first and last.
    Opposite,
}

/// Other words for the same, as user interfaces use them.
#[rustfmt::skip]
const SAME: &[&[&str]] = &[
    &["log in", "login", "sign in", "signin", "log on", "logon"],
    &["log out", "logout", "sign out", "signout", "log off"],
    &["sign up", "signup", "register", "create account", "create an account", "join", "join now"],
    &["submit", "send", "send message"],
    &["search", "find", "search for"],
    &["delete", "remove", "trash"],
    &["edit", "modify", "change"],
    &["add", "new", "create"],
    &["save", "save changes", "apply", "store"],
    &["cancel", "dismiss", "close"],
    &["next", "continue", "proceed"],
    &["previous", "back"],
    &["settings", "preferences", "options"],
    &["email", "e-mail", "mail", "email address", "e-mail address", "your email"],
    &["phone", "telephone", "phone number", "telephone number", "mobile"],
    &["username", "user name", "user", "login name"],
    &["first name", "given name", "forename"],
    &["last name", "surname", "family name"],
    &["zip", "zip code", "postcode", "postal code"],
    &["password confirmation", "confirm password", "repeat password", "retype password"],
    &["forgot password", "forgot your password", "i forgot my password", "reset password"],
    &["read more", "learn more", "more", "more info", "view details", "details"],
    &["home", "homepage", "start page"],
    &["cart", "basket", "shopping cart"],
    &["buy", "buy now", "purchase", "order now"],
    &["checkout", "check out"],
    &["help", "support"],
    &["about", "about us"],
    &["contact", "contact us"],
];

/// Words that make two names mean different things, however alike the rest is.
#[rustfmt::skip]
const OPPOSED: &[&[&str]] = &[
    &["save", "delete", "remove", "cancel", "discard", "reset", "edit", "add", "create", "close", "open", "print", "share", "export", "import", "copy", "download", "upload", "submit", "send", "search", "reply", "forward"],
    &["login", "logout", "signin", "signup", "register"],
    &["in", "out", "up"],
    &["next", "previous", "back", "first", "last"],
    &["accept", "reject", "decline", "approve", "deny"],
    &["yes", "no"],
    &["enable", "disable"],
    &["start", "stop", "pause", "end"],
    &["show", "hide"],
    &["expand", "collapse"],
    &["from", "to"],
    &["min", "max"],
    &["minimum", "maximum"],
    &["buy", "sell"],
    &["more", "less"],
    &["billing", "shipping"],
    &["old", "new", "current", "confirm", "repeat", "retype"],
    &["up", "down", "left", "right"],
    &["day", "week", "month", "year", "today"],
    &["daily", "weekly", "monthly", "yearly"],
    &["city", "state", "country", "street", "zip"],
    &["primary", "secondary", "success", "danger", "warning", "info"],
    &["small", "large"],
    &["lock", "unlock"], &["mute", "unmute"], &["follow", "unfollow"], &["like", "dislike"], &["check", "uncheck"],
    &["select", "deselect", "unselect"], &["subscribe", "unsubscribe"], &["publish", "unpublish"], &["undo", "redo"],
    &["income", "expense"], &["debit", "credit"], &["male", "female"], &["public", "private"], &["active", "inactive"],
];

pub(super) fn relation(wanted: &str, found: &str) -> Relation {
    let (a, b) = (plain(wanted), plain(found));
    if a == b {
        return if a.is_empty() {
            Relation::Silent
        } else {
            Relation::Same
        };
    }
    if a.is_empty() || b.is_empty() {
        return Relation::Silent;
    }
    let means = |text: &str| SAME.iter().position(|group| group.contains(&text));
    if means(&a).is_some_and(|group| means(&b) == Some(group)) {
        return Relation::Close;
    }
    if opposed(&words(&a), &words(&b)) {
        return Relation::Opposite;
    }
    if without_numbers(&a) == without_numbers(&b) {
        // A counter in a name changes by itself; a name that is nothing but a number is another one.
        let rest = without_numbers(&a);
        return if rest.chars().filter(|letter| letter.is_alphabetic()).count() >= 3 {
            Relation::Close
        } else {
            Relation::Different
        };
    }
    let contained = |long: &str, short: &str| {
        short.chars().count() >= 4
            && words(short).is_subset(&words(long))
            && words(long).len() <= words(short).len() + 2
    };
    if by_letters(&a, &b) >= 0.8 {
        return Relation::Close;
    }
    if by_words(&a, &b) >= 0.66 || contained(&a, &b) || contained(&b, &a) {
        return Relation::Partial;
    }
    Relation::Different
}

/// Whether what only one of them says contradicts what only the other says.
fn opposed(a: &BTreeSet<String>, b: &BTreeSet<String>) -> bool {
    let only = |one: &BTreeSet<String>, other: &BTreeSet<String>, group: &[&str]| {
        let mut here = one.iter().filter(|word| group.contains(&word.as_str()));
        here.any(|word| !other.contains(word))
    };
    OPPOSED
        .iter()
        .any(|group| only(a, b, group) && only(b, a, group))
}

/// Whether an id has kept all its words and got others: `sidebarToggle`, `app-sidebar-toggle`. One word alone says
/// too little: `password` is in `confirm-password`.
pub(super) fn has_grown(was: &str, now: &str) -> bool {
    let parts = |id: &str| {
        let mut parts = BTreeSet::new();
        let mut part = String::new();
        for letter in id.chars() {
            if !letter.is_alphanumeric() || letter.is_uppercase() {
                parts.insert(std::mem::take(&mut part));
            }
            if letter.is_alphanumeric() {
                part.extend(letter.to_lowercase());
            }
        }
        parts.insert(part);
        parts.remove("");
        parts
    };
    let (was, now) = (parts(was), parts(now));
    was.len() >= 2 && was.is_subset(&now)
}

/// The words of a name.
pub(super) fn words_of(name: &str) -> BTreeSet<String> {
    words(name)
}

fn without_numbers(text: &str) -> String {
    let kept: String = text
        .chars()
        .map(|letter| if letter.is_numeric() { ' ' } else { letter })
        .collect();
    kept.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_words_for_the_same_are_close_and_opposites_are_not() {
        for (wanted, found, expected) in [
            ("Log in", "Sign in", Relation::Close),
            ("Save", "Delete", Relation::Opposite),
            ("First name", "Last name", Relation::Opposite),
            ("Sign in", "Sign up", Relation::Opposite),
            ("E-mail", "Email address", Relation::Close),
            ("Messages 3", "Messages 17", Relation::Close),
            ("Page 2", "Page 3", Relation::Close),
            ("2", "3", Relation::Different),
            ("Charts", "Tables", Relation::Different),
            ("Save", "", Relation::Silent),
            ("Save order", "save order", Relation::Same),
        ] {
            assert_eq!(relation(wanted, found), expected, "{wanted} / {found}");
        }
    }
}
