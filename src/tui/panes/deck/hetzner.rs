//! What is wrong in the Hetzner project, for the Deck: of each resource what its kind tells, and
//! what holds for the project as a whole.

use super::problems::{Cure, Trouble, What};
use crate::{
    remote::ConnState,
    tui::{
        model::{
            CloudKind, World,
            cloud::{BUDGET, Fault, LABEL, Place},
        },
        panes::cloud::{kinds, thing::See},
        theme::Status,
    },
};
use jiff::Timestamp;

/// Fewer tenths of the budget than this are a problem.
pub(crate) const LOW: u8 = 2;

/// More problems of one kind of resource than this are told as one.
const SEVERAL: usize = 8;

/// Kinds whose resources are an environment's, so that they should say whose.
const LABELLED: [CloudKind; 3] = [
    CloudKind::Servers,
    CloudKind::LoadBalancers,
    CloudKind::Volumes,
];

/// Everything that is wrong with the environment's resources.
pub(crate) fn faults(world: &World, now: Timestamp) -> Vec<Fault> {
    let see = See { world, now };
    let mut all = several(kinds::faults(&see));
    if !world.cloud.whole {
        for kind in LABELLED {
            all.extend(unlabelled(world, kind));
        }
    }
    all
}

/// Many problems of the same status with the same kind become one that leads to the list.
fn several(all: Vec<Fault>) -> Vec<Fault> {
    let mut kept = Vec::new();
    for kind in CloudKind::ALL {
        for status in [Status::Bad, Status::Warning] {
            let of = |fault: &&Fault| fault.at.0 == *kind && fault.status == status;
            let these: Vec<&Fault> = all.iter().filter(of).collect();
            if these.len() <= SEVERAL {
                kept.extend(these.into_iter().cloned());
                continue;
            }
            let first = these.first().map_or("", |fault| fault.text.as_str());
            let command = kinds::spec(*kind).command;
            kept.push(Fault {
                key: format!("{kind:?} {status:?} several"),
                status,
                text: format!("{} problems of {command}: {first}, …", these.len()),
                hint: None,
                since: these.iter().filter_map(|fault| fault.since).max(),
                at: (*kind, Place::Filtered(String::new())),
            });
        }
    }
    kept
}

/// Resources that do not say which environment they belong to.
fn unlabelled(world: &World, kind: CloudKind) -> Option<Fault> {
    let things = kinds::things(&world.cloud, kind);
    let bare = |thing: &&&dyn kinds::Thing| {
        thing
            .tags()
            .is_some_and(|labels| !labels.contains_key(LABEL))
    };
    let count = things.iter().filter(bare).count();
    let name = things.iter().find(bare)?.called().into_owned();
    let spec = kinds::spec(kind);
    let text = match count {
        1 => format!("{} {name} has no label {LABEL}", spec.noun),
        count => format!("{count} {}s have no label {LABEL}, e.g. {name}", spec.noun),
    };
    Some(Fault {
        key: format!("{kind:?} unlabelled"),
        status: Status::Warning,
        text,
        hint: Some(format!("label it {LABEL}=NAME, or delete it")),
        since: None,
        at: (kind, Place::Filtered(format!("!{LABEL}:/./"))),
    })
}

/// The project's problems as the Deck lists them.
pub(super) fn troubles(world: &World, all: &mut Vec<Trouble>) {
    let cloud = &world.cloud;
    let mut tell = |key: &str, status, text: String, hint: Option<String>, since, cure| {
        all.push(Trouble {
            key: format!("hetzner {key}"),
            status,
            what: What::Cloud,
            host: None,
            unit: None,
            since,
            text,
            hint,
            problem: None,
            cure,
        });
    };
    let list = || Cure::Cloud(CloudKind::Servers, Place::Filtered(String::new()));
    let why = match (&cloud.no_access, &cloud.conn) {
        (Some(why), _) if why.code != "no-token" => Some(why),
        (None, ConnState::Failed(why) | ConnState::Retrying { why, .. }) => Some(why),
        _ => None,
    };
    if let Some(why) = why {
        let since = Some(cloud.conn_since).filter(|at| *at > Timestamp::UNIX_EPOCH);
        let text = format!("Hetzner: {}", why.message);
        tell("source", Status::Bad, text, why.hint.clone(), since, list());
    }
    if let Some(tenths) = cloud.tenths.filter(|tenths| *tenths < LOW) {
        let text = format!(
            "less than {} % of the project's requests of this hour are left",
            u32::from(tenths + 1) * 10
        );
        let hint = "other programs with a token of the project use them up: look for those";
        let since = cloud.since.get(BUDGET).copied();
        tell(
            "budget",
            Status::Warning,
            text,
            Some(hint.to_owned()),
            since,
            list(),
        );
    }
    for fault in &cloud.faults {
        let since = fault.since.or_else(|| cloud.since.get(&fault.key).copied());
        let cure = Cure::Cloud(fault.at.0, fault.at.1.clone());
        let hint = fault.hint.clone();
        tell(
            &fault.key,
            fault.status,
            fault.text.clone(),
            hint,
            since,
            cure,
        );
    }
}
