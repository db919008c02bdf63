//! The screen. Owner fills in.
