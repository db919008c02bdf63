//! Load balancers: services, targets, and how targets are.

use super::{
    BY_ALL, LIVELY, LabelSelector, Labels, LoadBalancerType, Location, Protection, Ref, kind,
};
use crate::remote::hetzner::wire::{model, words};
use jiff::Timestamp;

words! {
    /// How a target is.
    pub Health {
        /// It answers.
        Healthy = "healthy",
        /// It does not.
        Unhealthy = "unhealthy",
        /// Not asked yet.
        Unknown = "unknown",
    }
}

model! {
    /// How a target is, on one port.
    pub HealthStatus {
        /// The service's port.
        listen_port: u16,
        /// How it is.
        status: Health,
        /// Why it is unhealthy, e.g. `layer4_timeout` or `unexpected_http_status`.
        detail: Option<String>,
        /// The status that was not expected.
        http_status_code: Option<u16>,
    }
}

words! {
    /// What a target is.
    pub TargetKind {
        /// A server.
        Server = "server",
        /// Servers with these labels.
        LabelSelector = "label_selector",
        /// An address outside of the cloud.
        Ip = "ip",
    }
}

model! {
    /// A target that is an address.
    pub IpTarget {
        /// The address.
        ip: String,
    }
}

model! {
    /// A server that a label selector found.
    pub SelectorTarget {
        /// The server.
        server: Option<Ref>,
        /// How it is, port by port.
        health_status: Vec<HealthStatus>,
        /// Whether its private address is used.
        use_private_ip: bool,
    }
}

model! {
    /// Where requests go.
    pub Target {
        /// What it is.
        kind as "type": TargetKind,
        /// The server.
        server: Option<Ref>,
        /// The labels.
        label_selector: Option<LabelSelector>,
        /// The address.
        ip: Option<IpTarget>,
        /// What the labels found.
        targets: Vec<SelectorTarget>,
        /// How it is, port by port; empty for label selectors.
        health_status: Vec<HealthStatus>,
        /// Whether the private address is used.
        use_private_ip: bool,
    }
}

impl Target {
    /// How it is, port by port: for label selectors that of all servers found.
    pub fn healths(&self) -> impl Iterator<Item = &HealthStatus> {
        let nested = self.targets.iter().flat_map(|target| &target.health_status);
        self.health_status.iter().chain(nested)
    }
}

model! {
    /// How HTTP targets are asked.
    pub HealthCheckHttp {
        /// The host that is asked for.
        domain: Option<String>,
        /// The path.
        path: String,
        /// Text that must be in the answer.
        response: Option<String>,
        /// Statuses that are well, e.g. `2??`.
        status_codes: Vec<String>,
        /// Whether it is asked by TLS.
        tls: bool,
    }
}

model! {
    /// How targets are asked whether they are well.
    pub HealthCheck {
        /// `tcp` or `http`.
        protocol: String,
        /// The port.
        port: u16,
        /// Seconds between questions.
        interval: u32,
        /// Seconds an answer may take.
        timeout: u32,
        /// Questions without an answer until it is unhealthy.
        retries: u32,
        /// What is asked by HTTP.
        http: Option<HealthCheckHttp>,
    }
}

model! {
    /// What a service does with HTTP.
    pub HttpOf {
        /// The cookie's name.
        cookie_name: Option<String>,
        /// Its life in seconds.
        cookie_lifetime: Option<u64>,
        /// Seconds until an idle connection is closed.
        timeout_idle: Option<u64>,
        /// Numbers of certificates.
        certificates: Vec<u64>,
        /// Whether port 80 sends browsers here.
        redirect_http: bool,
        /// Whether a cookie keeps browsers at a target.
        sticky_sessions: bool,
    }
}

model! {
    /// A port that a load balancer listens on.
    pub Service {
        /// `tcp`, `http` or `https`.
        protocol: String,
        /// The port.
        listen_port: u16,
        /// The targets' port.
        destination_port: u16,
        /// Whether targets are told the client by the PROXY protocol.
        proxyprotocol: bool,
        /// How targets are asked whether they are well.
        health_check: HealthCheck,
        /// What is done with HTTP.
        http: Option<HttpOf>,
    }
}

words! {
    /// Which target gets the next request.
    pub Algorithm {
        /// One after the other.
        RoundRobin = "round_robin",
        /// The one with the fewest connections.
        LeastConnections = "least_connections",
    }
}

model! {
    /// How targets are chosen.
    pub AlgorithmOf {
        /// By this.
        kind as "type": Algorithm,
    }
}

model! {
    /// A public address of a load balancer.
    pub LbPublicIp {
        /// The primary IP's number, where it has one.
        id: Option<u64>,
        /// The address.
        ip: Option<String>,
        /// Its name.
        dns_ptr: Option<String>,
    }
}

model! {
    /// How a load balancer is reached from the internet.
    pub LbPublicNet {
        /// Whether it is at all.
        enabled: bool,
        /// Its IPv4 address.
        ipv4: LbPublicIp,
        /// Its IPv6 address.
        ipv6: LbPublicIp,
    }
}

model! {
    /// A load balancer's place in a private network.
    pub LbPrivateNet {
        /// The network's number.
        network: u64,
        /// The address in it.
        ip: String,
    }
}

model! {
    /// A load balancer.
    pub LoadBalancer {
        /// Its number.
        id: Option<u64>,
        /// Its name.
        name: String,
        /// How it is reached from the internet.
        public_net: LbPublicNet,
        /// Its private networks.
        private_net: Vec<LbPrivateNet>,
        /// Where it is.
        location: Location,
        /// Its type.
        load_balancer_type: LoadBalancerType,
        /// What is refused.
        protection: Protection,
        /// Its labels.
        labels: Labels,
        /// When it was made.
        created: Option<Timestamp>,
        /// The ports it listens on.
        services: Vec<Service>,
        /// Where requests go.
        targets: Vec<Target>,
        /// How targets are chosen.
        algorithm: AlgorithmOf,
        /// Bytes sent in this month.
        outgoing_traffic: Option<u64>,
        /// Bytes received in this month.
        ingoing_traffic: Option<u64>,
        /// Bytes that may be sent in a month.
        included_traffic: Option<u64>,
    }
}
kind!(LoadBalancer, "load balancer", "load_balancers", "load_balancer",
    sorts: BY_ALL, pace: LIVELY, labels: labels, created: created);

impl LoadBalancer {
    /// How it is: unhealthy when any target is, healthy when all are, also those that label
    /// selectors found. [`Health::Unset`] without targets or services.
    pub fn health(&self) -> Health {
        let mut all = Health::Unset;
        for status in self.targets.iter().flat_map(Target::healths) {
            match (&status.status, &all) {
                (Health::Unhealthy, _) => return Health::Unhealthy,
                (Health::Healthy, Health::Unset | Health::Healthy) => all = Health::Healthy,
                _ => all = Health::Unknown,
            }
        }
        all
    }

    /// What it costs a month, net.
    pub fn monthly(&self) -> Option<f64> {
        self.load_balancer_type.monthly_at(&self.location.name)
    }
}
