//! What systemd and operations promise, on a real host and on a simulated one alike: a
//! difference between the two is a fault of the simulator.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use common::{
    Qd, Simulated,
    follow::{Breakable, Real},
    managed,
};
use std::fs::read_to_string;

/// The same property of both.
macro_rules! both {
    ($name:ident, $label:literal, |$server:ident| $body:expr) => {
        mod $name {
            use super::*;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn real() {
                require!(hosts);
                let $server = tokio::task::spawn_blocking(|| Real::up($label))
                    .await
                    .unwrap();
                $body;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn simulated() {
                require!(program "ssh");
                let $server = tokio::task::spawn_blocking(|| Simulated::up("web-2"))
                    .await
                    .unwrap();
                $body;
                // A runtime may not end within another.
                tokio::task::block_in_place(|| drop($server));
            }
        }
    };
}

both!(
    changes_by_others_arrive_by_themselves,
    "mg-live",
    |server| { managed::changes_by_others_arrive(&server).await }
);

both!(every_verb_ends_as_it_says, "mg-verbs", |server| {
    managed::verbs_end_as_they_say(&server).await
});

both!(without_rights_the_answer_is_clear, "mg-viewer", |server| {
    let at = |name: &str| read_to_string(server.config().join(name));
    let ssh_config = at("ssh_config").or_else(|_| at("ssh_config_demo")).unwrap();
    // Who logs in is the configuration's to say here.
    let ssh_config = ssh_config.replace("  User operator\n", "");
    managed::a_viewer_is_told(&server, &ssh_config).await
});

both!(a_job_outlives_its_link, "mg-cut", |server| {
    managed::a_job_outlives_its_link(&server).await
});

both!(operations_are_done_and_noted, "mg-ops", |server| {
    let qd = Qd::at(server.config().to_owned());
    tokio::task::block_in_place(|| managed::operations_are_done_and_noted(&server, &qd))
});
