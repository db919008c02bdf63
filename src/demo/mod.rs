//! The simulators, and the environment that `qd demo` shows. Owner fills in.
