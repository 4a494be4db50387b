//! Reading one struct or variant: which fields it has, which are there, and what to say about the others.
//!
//! Everything a recipe may contain is listed in a [`Form`] or [`Variants`]; messages, the vocabulary and the test of the
//! documentation come from these same tables.

use super::super::diagnostics::{Problem, Span, quoted};
use super::super::syntax::{Group, Kind, Node};
use super::Context;

/// A struct or variant: its name and its fields.
#[derive(Debug)]
pub(in crate::recipe) struct Form {
    /// `Uniform`; empty for what has no name in front of its parentheses.
    pub(in crate::recipe) name: &'static str,
    /// `a camera`, for messages.
    pub(in crate::recipe) what: &'static str,
    /// Fields that must be there, and then those that need not; positional values fill them in this order.
    pub(in crate::recipe) required: &'static [&'static str],
    pub(in crate::recipe) optional: &'static [&'static str],
    /// Whether values may be given by position.
    pub(in crate::recipe) positional: bool,
}

impl Form {
    /// `(name: .., name: ..)`
    pub(super) const fn noun(
        what: &'static str,
        required: &'static [&'static str],
        optional: &'static [&'static str],
    ) -> Self {
        Self { name: "", what, required, optional, positional: false }
    }

    /// `Name(..)`, its values by position or by name.
    pub(super) const fn variant(
        name: &'static str,
        required: &'static [&'static str],
        optional: &'static [&'static str],
    ) -> Self {
        Self { name, what: name, required, optional, positional: true }
    }

    pub(in crate::recipe) fn fields(&self) -> impl Iterator<Item = &'static str> {
        self.required.iter().chain(self.optional).copied()
    }

    /// How it is written: `Normal(mean, std, [min], [max])`.
    fn usage(&self) -> String {
        let required = self.required.iter().map(|name| (*name).to_owned());
        let fields: Vec<String> = required.chain(self.optional.iter().map(|name| format!("[{name}]"))).collect();
        if fields.is_empty() { self.name.into() } else { format!("{}({})", self.name, fields.join(", ")) }
    }

    fn title(&self) -> String {
        if self.name.is_empty() { self.what.into() } else { format!("`{}`", self.name) }
    }
}

/// The ways in which one thing can be written.
#[derive(Debug)]
pub(in crate::recipe) struct Variants {
    /// `a shape such as Sphere(0.1)`
    pub(in crate::recipe) what: &'static str,
    pub(in crate::recipe) forms: &'static [&'static Form],
}

/// The fields that one node gives to a [`Form`].
#[derive(Debug)]
pub(super) struct Fields<'n> {
    form: &'static Form,
    /// What to point at when something is missing.
    pub(super) head: Span,
    values: Vec<Option<&'n Node>>,
    /// Fields whose absence is no news.
    excused: bool,
}

impl<'n> Fields<'n> {
    /// Reads `node` as the struct `form`.
    pub(super) fn of_noun(cx: &mut Context, node: &'n Node, form: &'static Form) -> Option<Self> {
        match &node.kind {
            Kind::Group(group) if group.name.is_none() => Some(Self::read(cx, group, node.span, form)),
            Kind::Group(group) if group.args.is_some() => {
                let name = group.name.as_ref()?;
                cx.push(
                    Problem::at(name.span, format!("expected {} in plain parentheses", form.what))
                        .help(format!("remove `{}`", quoted(&name.text))),
                );
                None
            }
            _ => {
                let shown: Vec<&str> = form.required.iter().chain(form.optional).take(2).copied().collect();
                let help = format!("write ({}: ..., ...)", shown.join(": ..., "));
                cx.wrong_type(node, &format!("{} in parentheses", form.what), Some(help));
                None
            }
        }
    }

    /// Reads what stands in the parentheses of `group`.
    pub(super) fn read(cx: &mut Context, group: &'n Group, span: Span, form: &'static Form) -> Self {
        let head = group.name.as_ref().map_or(Span::new(span.start, span.start + 1), |name| name.span);
        let names: Vec<&str> = form.fields().collect();
        let mut values: Vec<Option<&'n Node>> = vec![None; names.len()];
        let mut excused = group.damaged;
        let mut given_by_name = false;
        for (position, arg) in group.args.iter().flatten().enumerate() {
            let index = match &arg.name {
                Some(name) => {
                    given_by_name = true;
                    match names.iter().position(|known| *known == name.text) {
                        Some(index) => index,
                        None => {
                            excused |= Self::unknown(cx, form, &name.text, name.span, &names);
                            continue;
                        }
                    }
                }
                None if given_by_name => {
                    cx.push(
                        Problem::at(arg.value.span, "a value without a name may not follow one with a name")
                            .help(format!("write its name: {}", form.usage())),
                    );
                    excused = true;
                    continue;
                }
                None if !form.positional => {
                    if arg.value.kind != Kind::Bad {
                        Self::nameless(cx, form, &arg.value);
                    }
                    excused = true;
                    continue;
                }
                None if position >= names.len() => {
                    let problem = Problem::at(arg.value.span, format!("{} has too many values", form.title()));
                    cx.push(
                        problem.label(arg.value.span, "this one is too many").help(format!("write {}", form.usage())),
                    );
                    break;
                }
                None => position,
            };
            if let Some(before) = values[index] {
                let place = arg.name.as_ref().map_or(arg.value.span, |name| name.span);
                cx.push(
                    Problem::at(place, format!("`{}` is given twice", names[index]))
                        .label(place, "again here")
                        .label(before.span, "first here"),
                );
                continue;
            }
            values[index] = Some(&arg.value);
        }
        let fields = Self { form, head, values, excused };
        fields.report_missing(cx);
        fields
    }

    /// Returns whether the unknown name is likely a misspelt one, so that the right one need not be called missing.
    fn unknown(cx: &mut Context, form: &Form, name: &str, span: Span, names: &[&str]) -> bool {
        let near = super::nearest(name, names.iter().copied());
        let list = names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let help = match near {
            _ if names.is_empty() => format!("`{}` has no fields: remove this", form.name),
            Some(near) => format!("did you mean `{near}`? The fields are {list}"),
            None => format!("the fields are {list}"),
        };
        let message = format!("{} has no field `{}`", form.title(), quoted(name));
        cx.push(Problem::at(span, message).label(span, "unknown field").help(help));
        near.is_some()
    }

    fn nameless(cx: &mut Context, form: &Form, value: &Node) {
        let mut problem = Problem::at(value.span, format!("expected `name: value` in {}", form.what))
            .label(value.span, "this has no name");
        if let Kind::Group(group) = &value.kind
            && let Some(name) = &group.name
            && let Some(near) = super::nearest(&name.text, form.fields())
        {
            problem = problem.help(format!("did you mean `{near}: ...`?"));
        } else {
            problem = problem.help(format!("write {}", form.usage()));
        }
        cx.push(problem);
    }

    /// The word in front of the parentheses.
    pub(super) fn name(&self) -> &'static str {
        self.form.name
    }

    fn report_missing(&self, cx: &mut Context) {
        let absent = self.form.required.iter().zip(&self.values).filter(|(_, value)| value.is_none());
        let missing: Vec<String> = absent.map(|(name, _)| format!("`{name}`")).collect();
        if missing.is_empty() || self.excused {
            return;
        }
        let message = format!("{} needs {}", self.form.title(), missing.join(" and "));
        let help = match self.form.positional {
            true => format!("write {}", self.form.usage()),
            false => {
                let example = |name: &str| if name == "version" { "version: 1".into() } else { format!("{name}: ...") };
                format!(
                    "add {}",
                    missing.iter().map(|name| example(name.trim_matches('`'))).collect::<Vec<_>>().join(", ")
                )
            }
        };
        cx.push(Problem::at(self.head, message).label(self.head, "missing here").help(help));
    }

    /// The value of a field; `None` where it is absent or written as `None`. `Some(x)` is `x`.
    pub(super) fn get(&self, name: &str) -> Option<&'n Node> {
        let index = self.form.fields().position(|known| known == name);
        debug_assert!(index.is_some(), "{:?} has no field {name}", self.form);
        let node = index.and_then(|index| self.values[index])?;
        if index.is_some_and(|index| index < self.form.required.len()) {
            return Some(node);
        }
        match &node.kind {
            Kind::Group(group) => match (group.name.as_ref().map(|name| name.text.as_str()), group.args.as_deref()) {
                (Some("None"), None) => None,
                (Some("Some"), Some([arg])) if arg.name.is_none() => Some(&arg.value),
                _ => Some(node),
            },
            _ => Some(node),
        }
    }

    /// Whether the form has such a field at all.
    pub(super) fn has(&self, name: &str) -> bool {
        self.form.fields().any(|known| known == name)
    }

    /// A field that must be there. `None` where it is absent or wrong; that is reported.
    pub(super) fn need<T>(
        &self,
        cx: &mut Context,
        name: &'static str,
        decode: impl FnOnce(&mut Context, &'n Node) -> Option<T>,
    ) -> Option<T> {
        let node = self.get(name)?;
        cx.within(name, node.span, |cx| decode(cx, node))
    }

    /// A field that may be absent. The outer `None` says that it is wrong; that is reported.
    pub(super) fn maybe<T>(
        &self,
        cx: &mut Context,
        name: &'static str,
        decode: impl FnOnce(&mut Context, &'n Node) -> Option<T>,
    ) -> Option<Option<T>> {
        match self.get(name) {
            Some(node) => cx.within(name, node.span, |cx| decode(cx, node)).map(Some),
            None => Some(None),
        }
    }

    /// A field with a default.
    pub(super) fn or<T>(
        &self,
        cx: &mut Context,
        name: &'static str,
        default: T,
        decode: impl FnOnce(&mut Context, &'n Node) -> Option<T>,
    ) -> Option<T> {
        self.maybe(cx, name, decode).map(|value| value.unwrap_or(default))
    }
}

/// Finds which of `variants` a node is. `None` where it is none of them; that is reported.
pub(super) fn variant<'n>(
    cx: &mut Context,
    node: &'n Node,
    variants: &'static Variants,
) -> Option<(&'static str, Fields<'n>)> {
    let Kind::Group(group) = &node.kind else {
        let text = if let Kind::Text(text) = &node.kind { text.as_str() } else { "" };
        let bare = variants.forms.iter().find(|form| !text.is_empty() && form.name.eq_ignore_ascii_case(text));
        let help = match bare {
            Some(form) => format!("write {} without quotes", form.usage()),
            None => format!("write one of {}", usages(variants)),
        };
        cx.wrong_type(node, variants.what, Some(help));
        return None;
    };
    let Some(name) = &group.name else {
        cx.wrong_type(node, variants.what, Some(format!("write one of {}", usages(variants))));
        return None;
    };
    let Some(form) = variants.forms.iter().find(|form| form.name == name.text) else {
        // `None` is a word for what may be left out; it resembles `Cone`, and was not meant so.
        let near = match name.text.as_str() {
            "None" => None,
            word => super::nearest(word, variants.forms.iter().map(|form| form.name)),
        };
        let help = match near.and_then(|near| variants.forms.iter().find(|form| form.name == near)) {
            Some(form) => format!("did you mean {}? Known are {}", form.usage(), names(variants)),
            None => format!("write one of {}", usages(variants)),
        };
        let message = format!("expected {}, found `{}`", variants.what, quoted(&name.text));
        cx.push(Problem::at(name.span, message).label(name.span, "not known here").help(help));
        return None;
    };
    Some((form.name, Fields::read(cx, group, node.span, form)))
}

fn names(variants: &Variants) -> String {
    let named = variants.forms.iter().filter(|form| !form.name.is_empty());
    named.map(|form| format!("`{}`", form.name)).collect::<Vec<_>>().join(", ")
}

fn usages(variants: &Variants) -> String {
    variants.forms.iter().map(|form| form.usage()).collect::<Vec<_>>().join(", ")
}
