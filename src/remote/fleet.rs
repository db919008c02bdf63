//! The hosts of one environment and what is shared on each: its connection and its systemd.

use super::{
    HostId, Prompter,
    ssh::{Host, Options},
};
use crate::config::Environment;
use std::{collections::BTreeMap, sync::Arc};

/// All hosts of an environment, each with one connection. Cheap to clone.
#[derive(Clone)]
pub struct Fleet {
    environment: Arc<str>,
    hosts: Arc<BTreeMap<HostId, Host>>,
}

impl Fleet {
    /// Makes the handles; nothing is connected yet. Must be called within a tokio runtime.
    pub fn new(environment: &Environment, prompter: Arc<dyn Prompter>) -> Fleet {
        let options = Options {
            ssh_config: environment.ssh_config.clone(),
            default_user: Some(environment.ssh_user.clone()),
            transport: environment.ssh_transport,
            connect_timeout: None,
            program: None,
        };
        let hosts = environment
            .hosts
            .iter()
            .map(|destination| {
                let id = HostId::new(&destination.name);
                let host = Host::new(
                    id.clone(),
                    destination.clone(),
                    options.clone(),
                    prompter.clone(),
                );
                (id, host)
            })
            .collect();
        Fleet {
            environment: Arc::from(environment.name.as_str()),
            hosts: Arc::new(hosts),
        }
    }

    /// With the hosts of another one of the same environment.
    #[must_use]
    pub fn and(self, more: &Fleet) -> Fleet {
        let all = self.hosts.iter().chain(more.hosts.iter());
        Fleet {
            hosts: Arc::new(all.map(|(id, host)| (id.clone(), host.clone())).collect()),
            ..self
        }
    }

    /// The environment's name.
    pub fn environment(&self) -> &str {
        &self.environment
    }

    /// All hosts, by name.
    pub fn hosts(&self) -> impl Iterator<Item = &Host> {
        self.hosts.values()
    }

    /// One host.
    pub fn host(&self, id: &HostId) -> Option<&Host> {
        self.hosts.get(id)
    }
}
