//! The tree: RON values that know their places.

use super::super::diagnostics::Span;

/// A value and its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where it is.
    pub span: Span,
    /// What it is.
    pub kind: Kind,
}

/// The kinds of RON values.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// `true`, `false`
    Bool(bool),
    /// A number without a fraction, in the range of `i64` or `u64`.
    Integer(i128),
    /// Any other number, `inf` and `NaN` included.
    Float(f64),
    /// `'c'`
    Char(char),
    /// `"text"`
    Text(String),
    /// `b"bytes"`
    Bytes(Vec<u8>),
    /// `[a, b]`
    List(Vec<Node>),
    /// `{ key: value }`
    Map(Vec<(Node, Node)>),
    /// `Name`, `Name(..)` or `(..)`: struct, tuple, variant, `Some(..)` and `None`.
    Group(Box<Group>),
    /// Something that could not be read and is reported.
    Bad,
}

/// A name, parentheses, or both.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Before the parentheses.
    pub name: Option<Name>,
    /// Between the parentheses, if there are any.
    pub args: Option<Vec<Arg>>,
    /// Whether something between the parentheses could not be read (and is reported), so that it may be incomplete.
    pub damaged: bool,
}

/// A word and its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Name {
    /// The word.
    pub text: String,
    /// Where it is.
    pub span: Span,
}

/// One thing between parentheses.
#[derive(Debug, Clone, PartialEq)]
pub struct Arg {
    /// The name before the colon; `None` for a positional value.
    pub name: Option<Name>,
    /// The value.
    pub value: Node,
}
