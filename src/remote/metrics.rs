//! A host's load, memory and disks by cheap reads over one long-lived channel.
//! Owner fills in.
