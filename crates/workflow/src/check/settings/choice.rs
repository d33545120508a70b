//! `oneOf` and `anyOf`: finds the variant that was meant, to say what is wrong with that one.

use serde_json::Value as Json;

use super::{
    super::{
        report::Finding,
        suggest::listed,
        trail::Trail,
        wanted::{branches, got, literal, literals, shortened, types, wanted},
    },
    Flaws, OTHER_TYPE, OTHER_VARIANT, PART, Settings, is_computed,
    keys::Entries,
};

impl<'a> Settings<'a> {
    pub(super) fn choice(
        &self,
        schema: &'a Json,
        value: &Json,
        trail: &Trail<'_>,
        depth: usize,
        flaws: &mut Flaws,
    ) {
        let branches = branches(self.root, schema);
        let mut best: Option<(u32, &'a Json)> = None;
        for branch in &branches {
            let mut counted = Flaws::default();
            self.value(branch, value, trail, depth, &mut counted);
            if counted.weight == 0 {
                return;
            }
            // A missing value was not meant to be nothing.
            let nothing = types(branch) == ["null"] && branches.len() > 1;
            if !nothing && best.is_none_or(|(least, _)| counted.weight < least) {
                best = Some((counted.weight, branch));
            }
        }
        if self.by_name(&branches, value, trail, depth, flaws) {
            return;
        }
        match best {
            Some((weight, branch)) if weight < OTHER_TYPE => {
                self.value(branch, value, trail, depth, flaws);
            }
            _ => flaws.add(OTHER_TYPE, || {
                let wanted = wanted(self.root, schema);
                let message = format!("`{}` wants {wanted}, got {}", trail.name(), got(value));
                Finding::error("setting-type", trail.path(), message)
                    .label(format!("wants {wanted}"))
            }),
        }
    }

    /// Finds the variant by the name that is written; `false` where none is.
    fn by_name(
        &self,
        branches: &[&'a Json],
        value: &Json,
        trail: &Trail<'_>,
        depth: usize,
        flaws: &mut Flaws,
    ) -> bool {
        match value {
            Json::String(_) | Json::Number(_) | Json::Bool(_) => {
                let names = variant_names(branches);
                let scalar =
                    |name: &&str| matches!(*name, "string" | "integer" | "number" | "boolean");
                let takes_scalars = branches
                    .iter()
                    .any(|branch| literals(branch).is_none() && types(branch).iter().any(scalar));
                if names.is_empty() || takes_scalars {
                    return false;
                }
                let name = &value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned);
                flaws.add(OTHER_VARIANT, || {
                    self.no_variant(name, &names, trail, false)
                });
                true
            }
            Json::Object(map) => {
                let map = Entries::Map(map);
                self.by_tag(branches, map, value, trail, depth, flaws)
                    || self.by_only_key(branches, map, value, trail, depth, flaws)
            }
            _ => false,
        }
    }

    /// `{ kind: basic, user: … }`
    fn by_tag(
        &self,
        branches: &[&'a Json],
        map: Entries<'_>,
        value: &Json,
        trail: &Trail<'_>,
        depth: usize,
        flaws: &mut Flaws,
    ) -> bool {
        let tagged: Vec<_> = branches
            .iter()
            .filter_map(|branch| Some((tag(branch)?, *branch)))
            .collect();
        let Some(((key, _), _)) = tagged.first() else {
            return false;
        };
        let below = Trail::Key(trail, key);
        let written = match map.get(key) {
            Some(Json::String(written)) if is_computed(written) => return true,
            Some(Json::String(written)) => written,
            Some(_) => return false,
            None => {
                flaws.add(OTHER_VARIANT, || {
                    let names = listed(tagged.iter().map(|((_, name), _)| *name));
                    let at = trail.name();
                    let owner = if at.is_empty() { self.node } else { &at };
                    Finding::error(
                        "missing-setting",
                        trail.path(),
                        format!("`{owner}` needs the setting `{key}`"),
                    )
                    .at_key()
                    .label(format!("`{key}` is missing"))
                    .help(format!("it is one of {names}"))
                });
                return true;
            }
        };
        if let Some((_, branch)) = tagged.iter().find(|((_, name), _)| name == written) {
            self.value(branch, value, trail, depth, flaws);
        } else {
            let names: Vec<&str> = tagged.iter().map(|((_, name), _)| *name).collect();
            flaws.add(OTHER_VARIANT, || {
                self.no_variant(written, &names, &below, false)
            });
        }
        true
    }

    /// `{ basic: { user: … } }`
    fn by_only_key(
        &self,
        branches: &[&'a Json],
        map: Entries<'_>,
        value: &Json,
        trail: &Trail<'_>,
        depth: usize,
        flaws: &mut Flaws,
    ) -> bool {
        let keyed: Vec<_> = branches
            .iter()
            .filter_map(|branch| Some((only_key(branch)?, *branch)))
            .collect();
        // One alone is a map with one setting rather than a variant.
        if keyed.is_empty() || variant_names(branches).len() < 2 {
            return false;
        }
        let known = |name: &str| keyed.iter().find(|(key, _)| *key == name);
        if map.len() == 1
            && let Some((name, content)) = map.iter().next()
        {
            let below = Trail::Key(trail, name);
            match known(name) {
                Some((_, branch)) => self.value(branch, value, trail, depth, flaws),
                None => flaws.add(OTHER_VARIANT, || {
                    let names = variant_names(branches);
                    if names.contains(&name) {
                        let message = format!("`{name}` takes nothing, got {}", got(content));
                        return Finding::error("setting-type", below.path(), message)
                            .help(format!("write just `{name}`"));
                    }
                    self.no_variant(name, &names, &below, true)
                }),
            }
            return true;
        }
        if map.iter().any(|(name, _)| known(name).is_some()) {
            flaws.add(PART, || {
                let names = listed(keyed.iter().map(|(key, _)| *key));
                let message = format!("`{}` takes exactly one of {names}", trail.name());
                Finding::error("setting-type", trail.path(), message)
            });
            return true;
        }
        false
    }

    fn no_variant(&self, name: &str, names: &[&str], trail: &Trail<'_>, is_key: bool) -> Finding {
        let owner = match trail {
            Trail::Key(up, _) if is_key => up.name(),
            _ => trail.name(),
        };
        let written = shortened(&literal(&Json::String(name.to_owned())));
        let all = listed(names.iter().copied());
        let help = match self.suggest.did_you_mean(name, names.iter().copied()) {
            Some(meant) => format!("{meant} It is one of {all}"),
            None => format!("it is one of {all}"),
        };
        let finding = Finding::error(
            "setting-value",
            trail.path(),
            format!("`{owner}` can't be {written}"),
        )
        .label("no such value")
        .help(help);
        if is_key { finding.at_key() } else { finding }
    }
}

/// Every name that selects a variant.
fn variant_names<'s>(branches: &[&'s Json]) -> Vec<&'s str> {
    let mut names = Vec::new();
    for branch in branches {
        match literals(branch) {
            Some(values) => names.extend(values.into_iter().filter_map(Json::as_str)),
            None => names.extend(only_key(branch)),
        }
    }
    names
}

/// The key and the value that mark a variant inside its map.
fn tag(branch: &Json) -> Option<(&str, &str)> {
    let properties = branch.get("properties")?.as_object()?;
    properties
        .iter()
        .find_map(|(key, schema)| Some((key.as_str(), schema.get("const")?.as_str()?)))
}

/// The key that is all of a variant's map.
fn only_key(branch: &Json) -> Option<&str> {
    let properties = branch.get("properties")?.as_object()?;
    let required = branch.get("required")?.as_array()?;
    match (properties.len(), required.as_slice()) {
        (1, [Json::String(key)]) => {
            // A constant there marks the variant instead of being its content.
            let content = properties.get(key)?;
            content.get("const").is_none().then_some(key.as_str())
        }
        _ => None,
    }
}
