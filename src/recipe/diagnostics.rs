//! What is wrong with a recipe, and where: collected by every stage, drawn once with carets.
//!
//! A [`Problem`] is written for the person who writes recipes: what is wrong, what was expected, what to type instead.

use std::fmt;
use std::io::IsTerminal;

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, SourceSpan, SpanContents,
};

/// Bytes `start..end` of the recipe's text. Where a recipe consists of several texts, they lie behind each other: see [`Sources`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// The bytes `start..end`.
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }
}

/// The texts that a recipe consists of, behind each other in one space of places. The main one begins at 0.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources {
    texts: Vec<SourceText>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct SourceText {
    name: String,
    text: String,
    start: usize,
}

impl Sources {
    /// One text.
    pub fn of(name: &str, text: &str) -> Self {
        let mut sources = Self::default();
        sources.add(name, text);
        sources
    }

    /// Adds a text, and says where it begins: so much is to be added to places in it.
    pub fn add(&mut self, name: &str, text: &str) -> usize {
        // The end of one text and the beginning of the next are different places.
        let start = self.texts.last().map_or(0, |last| last.start + last.text.len() + 1);
        self.texts.push(SourceText { name: name.into(), text: text.into(), start });
        start
    }

    /// Which of the texts a place is in.
    fn number(&self, at: usize) -> usize {
        self.texts.partition_point(|text| text.start <= at).saturating_sub(1)
    }
}

/// How bad a [`Problem`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The recipe cannot be used.
    Error,
    /// The recipe can be used, and does perhaps not do what was meant.
    Warning,
}

/// A place in the recipe, and what to say about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// Shown at the caret; may be empty.
    pub text: String,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in one line.
    pub message: String,
    /// Where; the first is the main place. Empty when it is about the file as a whole.
    pub labels: Vec<Label>,
    /// What to do.
    pub help: Option<String>,
}

impl Problem {
    /// An error about the file as a whole.
    pub fn new(message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, message: message.into(), labels: Vec::new(), help: None }
    }

    /// An error at a place.
    pub fn at(span: Span, message: impl Into<String>) -> Self {
        Self::new(message).label(span, "")
    }

    /// The same, as a warning.
    pub fn warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }

    /// Points at one more place; given the main place again, says something there.
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        let text = text.into();
        match self.labels.iter_mut().find(|label| label.span == span && label.text.is_empty()) {
            Some(label) => label.text = text,
            None => self.labels.push(Label { span, text }),
        }
        self
    }

    /// Says what to do.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    fn start(&self) -> usize {
        self.labels.first().map_or(0, |label| label.span.start)
    }
}

/// Text of the user's, short and harmless enough to stand in a message.
pub(super) fn quoted(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut short: String = text.chars().take(LONGEST).map(|c| if c.is_control() { '?' } else { c }).collect();
    if text.chars().nth(LONGEST).is_some() {
        short.push_str("...");
    }
    short
}

/// A bound on the number of errors that are kept, and on that of warnings, so that a hostile file cannot fill the memory
/// with them. (One bound for both would let warnings displace the error that refuses the recipe.)
pub(super) const MOST_PROBLEMS: usize = 500;

/// Where the stages put what they find.
#[derive(Debug, Default)]
pub(super) struct Report {
    problems: Vec<Problem>,
    errors: usize,
    omitted: usize,
}

impl Report {
    /// Keeps a problem.
    pub(super) fn push(&mut self, problem: Problem) {
        let error = problem.severity == Severity::Error;
        let alike = if error { self.errors } else { self.problems.len() - self.errors };
        if alike < MOST_PROBLEMS {
            self.errors += usize::from(error);
            self.problems.push(problem);
        } else {
            self.omitted += 1;
        }
    }

    /// Whether further problems would only be counted; then there is no point in working out a good message.
    pub(super) fn is_full(&self) -> bool {
        self.errors >= MOST_PROBLEMS
    }

    /// Whether any error was found.
    pub(super) fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// How many problems were too many to keep.
    pub(super) fn omitted(&self) -> usize {
        self.omitted
    }

    /// Everything found so far.
    pub(super) fn take(&mut self) -> Vec<Problem> {
        self.errors = 0;
        std::mem::take(&mut self.problems)
    }

    /// Everything found, in the order of the file.
    pub(super) fn finish(mut self, sources: Sources) -> Problems {
        self.problems.sort_by_key(|problem| (problem.severity, problem.start()));
        self.problems.dedup();
        Problems { sources, problems: self.problems, omitted: self.omitted }
    }
}

/// Everything found in one recipe, with the texts it was found in. Shown by `Display`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems {
    sources: Sources,
    problems: Vec<Problem>,
    omitted: usize,
}

/// How [`Problems::render`] draws.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drawing {
    /// ASCII without colours, the same everywhere.
    Plain,
    /// Unicode lines and colours.
    Fancy,
}

impl Problems {
    /// These problems in the text of one file. An empty `problems` is allowed and shown as nothing.
    pub fn new(file_name: &str, text: &str, problems: Vec<Problem>) -> Self {
        Self::in_sources(Sources::of(file_name, text), problems)
    }

    /// These problems in several texts.
    pub fn in_sources(sources: Sources, problems: Vec<Problem>) -> Self {
        let mut report = Report::default();
        problems.into_iter().for_each(|problem| report.push(problem));
        report.finish(sources)
    }

    /// The same, and so many more that were not kept.
    pub(super) fn and_more(mut self, omitted: usize) -> Self {
        self.omitted += omitted;
        self
    }

    pub(super) fn sources(&self) -> &Sources {
        &self.sources
    }

    /// The problems: errors first, each kind in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.problems.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.problems.len() + self.omitted
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.problems.is_empty()
    }

    /// Whether any of them is an error.
    pub fn has_errors(&self) -> bool {
        self.problems.iter().any(|problem| problem.severity == Severity::Error)
    }

    /// All problems as text, each with its place in the file.
    pub fn render(&self, drawing: Drawing) -> String {
        let theme = match drawing {
            Drawing::Plain => GraphicalTheme::none(),
            Drawing::Fancy => GraphicalTheme::unicode(),
        };
        // Messages are never wrapped: a report must not depend on the width of a window.
        let handler = GraphicalReportHandler::new_themed(theme)
            .with_width(200)
            .with_wrap_lines(false)
            .with_context_lines(1)
            .with_links(false)
            .without_cause_chain();
        let sources: Vec<Source<'_>> =
            self.sources.texts.iter().map(|text| Source::new(&text.name, &text.text)).collect();
        let mut out = String::new();
        for problem in &self.problems {
            let number = self.sources.number(problem.start());
            let Some(source) = sources.get(number) else { continue };
            let problem = &self.in_one_text(problem, number, &sources);
            // Writing to a string cannot fail, and `Source` finds every span.
            let _ = handler.render_report(&mut out, &Drawn { problem, source });
            out.push('\n');
        }
        out.push_str(&self.summary());
        out
    }

    /// The problem with places of text `number` alone. Those in other texts are told in words.
    fn in_one_text(&self, problem: &Problem, number: usize, sources: &[Source<'_>]) -> Problem {
        let mut own = Problem { labels: Vec::new(), ..problem.clone() };
        let mut elsewhere = Vec::new();
        for label in &problem.labels {
            let place = self.sources.number(label.span.start);
            let Some(SourceText { name, start, text }) = self.sources.texts.get(place) else { continue };
            let span = Span::new(label.span.start - start, label.span.end.saturating_sub(*start).min(text.len()));
            if place == number {
                own.labels.push(Label { span, text: label.text.clone() });
                continue;
            }
            let what = if label.text.is_empty() { "see" } else { &label.text };
            let (line, column) = sources.get(place).map_or((0, 0), |source| source.line_and_column(span.start));
            elsewhere.push(format!("{what}: {name}:{line}:{column}"));
        }
        if !elsewhere.is_empty() {
            own.help = Some(own.help.into_iter().chain(elsewhere).collect::<Vec<_>>().join("; "));
        }
        own
    }

    fn summary(&self) -> String {
        let count = |severity| self.problems.iter().filter(|problem| problem.severity == severity).count();
        let words = |count: usize, one: &str, many: &str| match count {
            0 => None,
            1 => Some(format!("1 {one}")),
            _ => Some(format!("{count} {many}")),
        };
        let parts = [
            words(count(Severity::Error), "problem", "problems"),
            words(count(Severity::Warning), "warning", "warnings"),
            words(self.omitted, "more that is not shown", "more that are not shown"),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        let name = self.sources.texts.first().map_or("", |main| main.name.as_str());
        if parts.is_empty() { String::new() } else { format!("{name}: {}\n", parts.join(", ")) }
    }
}

impl fmt::Display for Problems {
    /// With colours where the standard error output is a terminal (and `NO_COLOR` is not set), as plain ASCII elsewhere.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let colours =
            std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        f.write_str(&self.render(if colours { Drawing::Fancy } else { Drawing::Plain }))
    }
}

impl std::error::Error for Problems {}

/// A problem together with the text, as miette wants it.
#[derive(Debug)]
struct Drawn<'a> {
    problem: &'a Problem,
    source: &'a Source<'a>,
}

impl fmt::Display for Drawn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.problem.labels.is_empty() {
            write!(f, "{}: ", self.source.name)?;
        }
        f.write_str(&self.problem.message)
    }
}

impl std::error::Error for Drawn<'_> {}

impl miette::Diagnostic for Drawn<'_> {
    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.problem.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
    }

    fn help(&self) -> Option<Box<dyn fmt::Display + '_>> {
        self.problem.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        (!self.problem.labels.is_empty()).then_some(self.source as &dyn miette::SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let mut first = true;
        Some(Box::new(self.shown().into_iter().map(move |label| {
            let span = self.source.one_line(label.span);
            let text = (!label.text.is_empty()).then(|| label.text.clone());
            let labeled = if first {
                LabeledSpan::new_primary_with_span(text, span)
            } else {
                LabeledSpan::new_with_span(text, span)
            };
            first = false;
            labeled
        })))
    }
}

impl<'a> Drawn<'a> {
    /// The labels, without those that could only be drawn together with very long lines.
    fn shown(&self) -> Vec<&'a Label> {
        const FAR: usize = 2000;
        let mut shown: Vec<&Label> = Vec::new();
        for label in &self.problem.labels {
            let drawable = shown.iter().all(|other| {
                let (a, b) = (label.span.start, other.span.start);
                a.abs_diff(b) < FAR || self.source.line_of(a).abs_diff(self.source.line_of(b)) > 4
            });
            if drawable {
                shown.push(label);
            }
        }
        shown
    }
}

/// Longer lines are cut around the place, bytes to either side.
const LONGEST_LINE: usize = 200;

/// Text with a table of its lines, so that drawing a problem costs the same wherever it is.
#[derive(Debug)]
struct Source<'a> {
    name: &'a str,
    /// The recipe's text, with what a terminal might obey as a command replaced, byte for byte.
    text: String,
    /// Where each line starts.
    lines: Vec<usize>,
}

impl<'a> Source<'a> {
    fn new(name: &'a str, text: &str) -> Self {
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let harmless = |c: char| if c.is_ascii_control() && !"\n\r\t".contains(c) { '?' } else { c };
        Self { name, text: text.chars().map(harmless).collect(), lines }
    }

    fn line_of(&self, at: usize) -> usize {
        self.lines.partition_point(|&start| start <= at).saturating_sub(1)
    }

    /// From 1; columns are characters.
    fn line_and_column(&self, at: usize) -> (usize, usize) {
        let at = self.floor(at.min(self.text.len()));
        let line = self.line_of(at);
        (line + 1, self.text[self.lines[line]..at].chars().count() + 1)
    }

    /// One past the last visible byte of a line.
    fn line_end(&self, line: usize) -> usize {
        let end = self.lines.get(line + 1).map_or(self.text.len(), |next| next - 1);
        if self.text[..end].ends_with('\r') { end - 1 } else { end }
    }

    /// The part of a span on its first line: that is where the eye should go, and it keeps reports short.
    fn one_line(&self, span: Span) -> SourceSpan {
        let start = self.floor(span.start.min(self.text.len()));
        let line_end = self.line_end(self.line_of(start)).max(start);
        let end = self.floor(span.end.clamp(start, line_end.min(start + LONGEST_LINE)));
        (start, end - start).into()
    }

    fn floor(&self, at: usize) -> usize {
        self.text.floor_char_boundary(at)
    }
}

impl miette::SourceCode for Source<'_> {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let (start, end) = (span.offset(), span.offset() + span.len());
        if end > self.text.len() {
            return Err(MietteError::OutOfBounds);
        }
        let (first, last) = (self.line_of(start), self.line_of(end));
        let from_line = first.saturating_sub(before);
        let to_line = (last + after).min(self.lines.len() - 1);
        let (mut from, mut to) = (self.lines[from_line], self.line_end(to_line).max(end));
        let mut line = from_line;
        if start - from > 2 * LONGEST_LINE || to - end > 2 * LONGEST_LINE {
            from = self.floor(start.saturating_sub(LONGEST_LINE).max(self.lines[first]));
            to = self.floor((end + LONGEST_LINE).min(self.line_end(last).max(end)));
            line = first;
        }
        // miette takes line and column to be those of the place itself where no context was asked for.
        let column = if before == 0 && after == 0 { self.text[self.lines[line]..start].chars().count() } else { 0 };
        if before == 0 && after == 0 {
            (from, line) = (start, first);
        }
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.into(),
            &self.text.as_bytes()[from..to],
            (from, to - from).into(),
            line,
            column,
            to_line - from_line + 1,
        )))
    }
}
