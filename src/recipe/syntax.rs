//! Spanned RON.
