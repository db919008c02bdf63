//! What Hetzner offers: locations, types with their prices, images, ISOs.
//!
//! Names and shapes are those of the API; figures are close to the real ones of November 2026.

use super::{error::ApiError, item::Item, world::World};
use serde_json::{Value, json};

/// Location: number, name, description, country, city, latitude, longitude, network zone.
type Place = (
    u64,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    f64,
    f64,
    &'static str,
);

/// The locations.
pub(super) const PLACES: &[Place] = &[
    (
        1,
        "fsn1",
        "Falkenstein DC Park 1",
        "DE",
        "Falkenstein",
        50.47612,
        12.370071,
        "eu-central",
    ),
    (
        2,
        "nbg1",
        "Nuremberg DC Park 1",
        "DE",
        "Nuremberg",
        49.452102,
        11.076665,
        "eu-central",
    ),
    (
        3,
        "hel1",
        "Helsinki DC Park 1",
        "FI",
        "Helsinki",
        60.169855,
        24.938379,
        "eu-central",
    ),
    (
        4,
        "ash",
        "Ashburn, VA",
        "US",
        "Ashburn, VA",
        39.045821,
        -77.487073,
        "us-east",
    ),
    (
        5,
        "hil",
        "Hillsboro, OR",
        "US",
        "Hillsboro, OR",
        45.54222,
        -122.951924,
        "us-west",
    ),
    (
        6,
        "sin",
        "Singapore",
        "SG",
        "Singapore",
        1.283333,
        103.833333,
        "ap-southeast",
    ),
];

/// Server type: number, name, cores, memory and disk in GB, dedicated, arm, euros a
/// month, everywhere or in Europe only, deprecated.
type Machine = (
    u64,
    &'static str,
    u32,
    u32,
    u32,
    bool,
    bool,
    f64,
    bool,
    bool,
);

const MACHINES: &[Machine] = &[
    (104, "cx22", 2, 4, 40, false, false, 3.79, false, true),
    (105, "cx32", 4, 8, 80, false, false, 6.80, false, true),
    (114, "cx23", 2, 4, 40, false, false, 2.99, false, false),
    (115, "cx33", 4, 8, 80, false, false, 4.99, false, false),
    (116, "cx43", 8, 16, 160, false, false, 8.99, false, false),
    (117, "cx53", 16, 32, 320, false, false, 16.99, false, false),
    (108, "cpx12", 1, 2, 40, false, false, 6.49, true, false),
    (109, "cpx22", 2, 4, 80, false, false, 5.99, true, false),
    (110, "cpx32", 4, 8, 160, false, false, 10.49, true, false),
    (111, "cpx42", 8, 16, 320, false, false, 19.49, true, false),
    (112, "cpx52", 12, 24, 480, false, false, 28.49, true, false),
    (45, "cax11", 2, 4, 40, false, true, 3.29, false, false),
    (93, "cax21", 4, 8, 80, false, true, 5.99, false, false),
    (94, "cax31", 8, 16, 160, false, true, 11.99, false, false),
    (95, "cax41", 16, 32, 320, false, true, 23.99, false, false),
    (96, "ccx13", 2, 8, 80, true, false, 11.99, true, false),
    (97, "ccx23", 4, 16, 160, true, false, 23.99, true, false),
    (98, "ccx33", 8, 32, 240, true, false, 47.99, true, false),
    (99, "ccx43", 16, 64, 360, true, false, 95.99, true, false),
    (100, "ccx53", 32, 128, 600, true, false, 191.99, true, false),
];

/// Load balancer type: number, name, connections, services, targets, certificates, euros a month.
const BALANCERS: &[(u64, &str, u32, u32, u32, u32, f64)] = &[
    (1, "lb11", 10_000, 5, 25, 10, 5.39),
    (2, "lb21", 20_000, 15, 75, 25, 16.40),
    (3, "lb31", 40_000, 30, 150, 50, 32.90),
];

/// Images: number for x86, number for arm, name, flavour, version, description, deprecated.
const IMAGES: &[(u64, u64, &str, &str, &str, &str, bool)] = &[
    (
        161_547_269,
        161_547_270,
        "ubuntu-24.04",
        "ubuntu",
        "24.04",
        "Ubuntu 24.04 LTS",
        false,
    ),
    (
        67_794_396,
        103_908_130,
        "ubuntu-22.04",
        "ubuntu",
        "22.04",
        "Ubuntu 22.04 LTS",
        false,
    ),
    (
        312_276_201,
        312_276_202,
        "debian-13",
        "debian",
        "13",
        "Debian 13",
        false,
    ),
    (
        114_690_387,
        114_690_389,
        "debian-12",
        "debian",
        "12",
        "Debian 12",
        false,
    ),
    (
        45_557_056,
        103_908_070,
        "debian-11",
        "debian",
        "11",
        "Debian 11",
        true,
    ),
    (
        328_210_001,
        328_210_002,
        "fedora-43",
        "fedora",
        "43",
        "Fedora 43",
        false,
    ),
    (
        310_557_660,
        310_557_661,
        "rocky-10",
        "rocky",
        "10",
        "Rocky Linux 10",
        false,
    ),
    (
        310_557_640,
        310_557_641,
        "alma-10",
        "alma",
        "10",
        "AlmaLinux 10",
        false,
    ),
    (
        267_081_160,
        267_081_161,
        "centos-stream-10",
        "centos",
        "10",
        "CentOS Stream 10",
        false,
    ),
    (
        320_004_010,
        320_004_011,
        "opensuse-16",
        "opensuse",
        "16",
        "openSUSE Leap 16",
        false,
    ),
];

/// Applications on x86: number, name, description.
const APPS: &[(u64, &str, &str)] = &[
    (40_093_140, "docker-ce", "docker-ce"),
    (40_093_247, "wordpress", "wordpress"),
    (40_093_105, "nextcloud", "nextcloud"),
];

/// ISOs: number, name, description, architecture, deprecated.
const ISOS: &[(u64, &str, &str, Option<&str>, bool)] = &[
    (
        120_300,
        "nixos-minimal-25.11-x86_64-linux.iso",
        "NixOS 25.11 (minimal)",
        Some("x86"),
        false,
    ),
    (
        120_301,
        "nixos-minimal-25.11-aarch64-linux.iso",
        "NixOS 25.11 (minimal)",
        Some("arm"),
        false,
    ),
    (
        115_870,
        "debian-13.1.0-amd64-netinst.iso",
        "Debian 13.1 (netinst)",
        Some("x86"),
        false,
    ),
    (
        110_020,
        "FreeBSD-14.3-RELEASE-amd64-dvd1.iso",
        "FreeBSD 14.3",
        Some("x86"),
        false,
    ),
    (
        8_637,
        "virtio-win-0.1.285.iso",
        "virtio 0.1.285",
        None,
        false,
    ),
    (
        26_025,
        "debian-11.3.0-amd64-netinst.iso",
        "Debian 11.3 (netinst)",
        Some("x86"),
        true,
    ),
];

/// Fills an empty project with what is on offer.
pub(super) fn fill(world: &mut World) -> Result<(), ApiError> {
    for (id, name, description, country, city, latitude, longitude, zone) in PLACES {
        let item = Item::new(json!({
            "id": id, "name": name, "description": description, "country": country, "city": city,
            "latitude": latitude, "longitude": longitude, "network_zone": zone,
        }));
        world.insert("locations", item)?;
    }
    for machine in MACHINES {
        world.insert("server_types", server_type(machine))?;
    }
    for (id, name, connections, services, targets, certificates, net) in BALANCERS {
        let item = Item::new(json!({
            "id": id, "name": name, "description": name.to_uppercase(),
            "max_connections": connections, "max_services": services, "max_targets": targets,
            "max_assigned_certificates": certificates, "deprecated": null, "deprecation": null,
            "prices": prices(*net, |_| true)
        }));
        world.insert("load_balancer_types", item)?;
    }
    for (x86, arm, name, flavour, version, description, deprecated) in IMAGES {
        for (id, architecture) in [(x86, "x86"), (arm, "arm")] {
            let base = (*id, *name, *description, architecture);
            world.insert(
                "images",
                image("system", base, (flavour, version), *deprecated),
            )?;
        }
    }
    for (id, name, description) in APPS {
        let base = (*id, *name, *description, "x86");
        world.insert("images", image("app", base, ("ubuntu", "24.04"), false))?;
    }
    for (id, name, description, architecture, old) in ISOS {
        let item = Item::new(json!({
            "id": id, "name": name, "description": description, "type": "public",
            "architecture": architecture, "deprecation": old.then(deprecation)
        }));
        world.insert("isos", item)?;
    }
    Ok(())
}

fn deprecation() -> Value {
    json!({"announced": "2026-06-01T00:00:00Z", "unavailable_after": "2026-12-15T00:00:00Z"})
}

fn image(
    kind: &str,
    (id, name, description, architecture): (u64, &str, &str, &str),
    (flavour, version): (&str, &str),
    deprecated: bool,
) -> Item {
    Item::new(json!({
        "id": id, "type": kind, "status": "available", "name": name, "description": description,
        "image_size": null, "disk_size": 5, "created": "2026-02-03T09:12:40Z",
        "created_from": null, "bound_to": null, "os_flavor": flavour, "os_version": version,
        "rapid_deploy": true, "protection": {"delete": false},
        "deprecation": deprecated.then(deprecation), "deleted": null, "labels": {},
        "architecture": architecture,
    }))
}

fn server_type(machine: &Machine) -> Item {
    let (id, name, cores, memory, disk, dedicated, arm, net, everywhere, old) = machine;
    let here = |place: &Place| *everywhere || place.7 == "eu-central";
    let places: Vec<Value> = PLACES
        .iter()
        .filter(|place| here(place))
        .map(|place| {
            json!({
                "id": place.0, "name": place.1, "available": !old, "recommended": !old,
                "deprecation": old.then(deprecation),
            })
        })
        .collect();
    let category = match (dedicated, arm, everywhere) {
        (true, _, _) => "General Purpose",
        (_, true, _) | (_, _, false) => "Cost-Optimized",
        _ => "Regular Performance",
    };
    Item::new(json!({
        "id": id, "name": name, "description": name.to_uppercase(), "category": category,
        "cores": cores, "memory": memory, "disk": disk, "prices": prices(*net, here),
        "storage_type": "local", "cpu_type": if *dedicated { "dedicated" } else { "shared" },
        "architecture": if *arm { "arm" } else { "x86" }, "deprecated": old,
        "deprecation": old.then(deprecation), "locations": places,
    }))
}

/// Net and gross, as texts with many digits.
pub(super) fn price(net: f64) -> Value {
    json!({"net": format!("{net:.10}"), "gross": format!("{:.16}", net * 1.19)})
}

/// A price in a location; elsewhere than in Europe it is a fifth more.
pub(super) fn price_at(place: &Place, net: f64, hourly: bool) -> Value {
    let net = if place.7 == "eu-central" {
        net
    } else {
        net * 1.2
    };
    let mut shown = json!({"location": place.1, "price_monthly": price(net)});
    if let (true, Some(fields)) = (hourly, shown.as_object_mut()) {
        // A month is 624 hours for Hetzner.
        fields.insert("price_hourly".to_owned(), price(net / 624.0));
    }
    shown
}

fn prices(net: f64, here: impl Fn(&Place) -> bool) -> Vec<Value> {
    let terabyte = 1_u64 << 40;
    let places = PLACES.iter().filter(|place| here(place));
    places
        .map(|place| {
            let mut shown = price_at(place, net, true);
            let (traffic, more) = match place.7 {
                "eu-central" => (20 * terabyte, 1.0),
                "ap-southeast" => (terabyte / 2, 7.4),
                _ => (terabyte, 1.0),
            };
            if let Some(fields) = shown.as_object_mut() {
                fields.insert("included_traffic".to_owned(), traffic.into());
                fields.insert("price_per_tb_traffic".to_owned(), price(more));
            }
            shown
        })
        .collect()
}
