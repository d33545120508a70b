//! Which elements do what cannot be undone, by the words on them.

use casare_browser::Target;

/// Words on buttons and links that undo nothing afterwards.
#[rustfmt::skip]
const WORDS: &[&str] = &[
    "delete", "remove", "erase", "destroy", "discard", "wipe", "purge", "trash", "uninstall", "terminate",
    "deactivate", "revoke", "unsubscribe", "pay", "buy", "purchase", "checkout", "transfer", "withdraw", "refund",
    "donate", "approve", "reject", "publish", "löschen", "entfernen", "bestellen", "kaufen", "bezahlen",
    "überweisen", "supprimer", "acheter", "payer", "commander", "eliminar", "borrar", "comprar", "pagar",
];

/// Two words that do so together.
#[rustfmt::skip]
const PAIRS: &[(&str, &str)] = &[
    ("place", "order"), ("submit", "order"), ("send", "order"), ("confirm", "order"), ("order", "now"),
    ("book", "now"), ("confirm", "payment"), ("confirm", "booking"), ("confirm", "transfer"), ("send", "money"),
    ("send", "payment"), ("close", "account"), ("cancel", "order"), ("cancel", "subscription"),
    ("cancel", "booking"), ("cancel", "account"), ("check", "out"),
];

/// What of `target`, or of the title of its step, says that pressing it cannot be undone.
pub(in crate::browser) fn destructive_word(target: &Target, title: &str) -> Option<String> {
    let selector = target.selector.to_string();
    let mut texts = vec![selector.as_str(), title];
    if let Some(print) = &target.fingerprint {
        texts.extend([&*print.name, &*print.text, &*print.icon]);
        for name in ["id", "name", "testid", "title", "value"] {
            texts.extend(print.attributes.get(name).map(String::as_str));
        }
    }
    texts.into_iter().find_map(word_in)
}

fn word_in(text: &str) -> Option<String> {
    // A whole paragraph speaks of many things.
    if text.chars().count() > 200 {
        return None;
    }
    let words = words(text);
    if let [only] = &words[..]
        && only == "order"
    {
        return Some(only.clone());
    }
    let single = words.iter().find(|word| WORDS.contains(&&***word)).cloned();
    single.or_else(|| {
        words.windows(2).find_map(|pair| {
            let is = PAIRS.contains(&(&*pair[0], &*pair[1]));
            is.then(|| pair.join(" "))
        })
    })
}

/// The words of a text, of `delete-user` and of `deleteUser`, in small letters.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_small = false;
    for letter in text.chars() {
        let begins = letter.is_uppercase() && was_small;
        was_small = letter.is_lowercase();
        if !letter.is_alphanumeric() || begins {
            words.push(String::new());
        }
        if letter.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(selector: &str) -> Option<String> {
        destructive_word(&Target::plain(selector.parse().unwrap()), "browser.click")
    }

    #[test]
    fn deleting_paying_and_ordering_is_told_by_words_and_ids() {
        assert_eq!(word("role=button[name=Delete]"), Some("delete".into()));
        assert_eq!(word("css=#deleteUser"), Some("delete".into()));
        assert_eq!(
            word("role=button[name=Place order]"),
            Some("place order".into())
        );
        assert_eq!(word("text=Jetzt kaufen"), Some("kaufen".into()));
        assert_eq!(word("role=button[name=Save]"), None);
        assert_eq!(word("role=link[name=Order history]"), None);
        assert_eq!(word("label=Undeleted"), None);
    }
}
