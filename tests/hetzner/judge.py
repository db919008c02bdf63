#!/usr/bin/env python3
"""Creates, reads, changes and deletes everything at a Hetzner API by the official Python client.

HCLOUD_ENDPOINT and HCLOUD_TOKEN say where; nothing is left behind. Any answer that the client does
not understand, and any that differs from what was asked for, ends it with a traceback.
"""

import datetime
import os
import subprocess
import sys
import tempfile

from hcloud import APIException, Client
from hcloud.firewalls import FirewallResource, FirewallResourceLabelSelector, FirewallRule
from hcloud.images import Image
from hcloud.isos import Iso
from hcloud.load_balancers import (
    LoadBalancerAlgorithm,
    LoadBalancerCreatePublicNetwork,
    LoadBalancerHealthCheck,
    LoadBalancerHealthCheckHttp,
    LoadBalancerService,
    LoadBalancerServiceHttp,
    LoadBalancerTarget,
    LoadBalancerTargetIP,
    LoadBalancerTargetLabelSelector,
)
from hcloud.load_balancer_types import LoadBalancerType
from hcloud.locations import Location
from hcloud.networks import NetworkRoute, NetworkSubnet
from hcloud.server_types import ServerType
from hcloud.servers import ServerCreatePublicNetwork
from hcloud.zones import ZonePrimaryNameserver, ZoneRecord, ZoneRRSet

client = Client(
    token=os.environ["HCLOUD_TOKEN"],
    api_endpoint=os.environ["HCLOUD_ENDPOINT"],
    poll_interval=0.05,
)
FSN1 = Location(name="fsn1")
LABELS = {"judged": "yes"}


def refused(code, call, *args, **kwargs):
    """The call must be refused with this code."""
    try:
        call(*args, **kwargs)
    except APIException as error:
        assert error.code == code, f"{error.code} instead of {code}: {error}"
        return error
    raise AssertionError(f"not refused with {code}")


def done(*actions):
    """Waits for actions; failures raise."""
    for action in actions:
        action.wait_until_finished(max_retries=600)


def catalogue():
    assert {place.name for place in client.locations.get_all()} >= {"fsn1", "nbg1", "hel1"}
    kinds = client.server_types.get_all()
    assert client.server_types.get_by_name("cx23").id in {kind.id for kind in kinds}
    assert all(kind.prices and kind.locations for kind in kinds)
    assert client.load_balancer_types.get_by_name("lb11").max_services == 5
    image = client.images.get_by_name_and_architecture("debian-13", "x86")
    assert client.images.get_by_id(image.id).os_flavor == "debian"
    deprecated = client.images.get_all(name="debian-11", include_deprecated=True)
    assert deprecated and deprecated[0].deprecation.announced
    assert not client.images.get_all(name="debian-11")
    assert client.isos.get_all(architecture=["x86"], include_architecture_wildcard=True)


def ssh_keys():
    with tempfile.TemporaryDirectory() as place:
        path = f"{place}/key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
        with open(f"{path}.pub", encoding="ascii") as file:
            public = file.read()
        shown = subprocess.run(
            ["ssh-keygen", "-l", "-E", "md5", "-f", path], check=True, capture_output=True, text=True
        ).stdout.split()[1]
    key = client.ssh_keys.create("judge", public, labels=LABELS)
    assert "MD5:" + key.fingerprint == shown, (key.fingerprint, shown)
    refused("uniqueness_error", client.ssh_keys.create, "judge-2", public)
    refused("invalid_input", client.ssh_keys.create, "judge-2", "ssh-ed25519 nonsense")
    assert client.ssh_keys.get_by_fingerprint(key.fingerprint).id == key.id
    assert key.update(name="judge-x").name == "judge-x"
    assert client.ssh_keys.get_by_name("judge-x").labels == LABELS
    return key


def networks():
    net = client.networks.create(
        "judge",
        "10.9.0.0/16",
        subnets=[NetworkSubnet("10.9.1.0/24", "cloud", "eu-central")],
        labels=LABELS,
    )
    done(net.add_subnet(NetworkSubnet("10.9.2.0/24", "cloud", "eu-central")))
    done(net.add_route(NetworkRoute("10.100.1.0/24", "10.9.1.1")))
    net.reload()
    assert [subnet.ip_range for subnet in net.subnets] == ["10.9.1.0/24", "10.9.2.0/24"]
    assert net.routes[0].gateway == "10.9.1.1"
    refused("invalid_input", net.add_subnet, NetworkSubnet("10.9.2.0/25", "cloud", "eu-central"))
    done(net.delete_route(NetworkRoute("10.100.1.0/24", "10.9.1.1")))
    done(net.delete_subnet(NetworkSubnet("10.9.2.0/24")))
    done(net.change_ip_range("10.8.0.0/15"))
    done(net.change_protection(delete=True))
    refused("protected", net.delete)
    done(net.change_protection(delete=False))
    net.reload()
    assert (net.ip_range, net.routes, len(net.subnets)) == ("10.8.0.0/15", [], 1)
    return net


def servers(key, net):
    group = client.placement_groups.create("judge", "spread", labels=LABELS).placement_group
    firewall = firewalls()
    response = client.servers.create(
        "judge-1",
        ServerType(name="cx23"),
        Image(name="debian-13"),
        ssh_keys=[key],
        networks=[net],
        firewalls=[firewall],
        placement_group=group,
        location=FSN1,
        labels={**LABELS, "role": "web"},
        user_data="#cloud-config\n",
    )
    server = response.server
    assert server.status == "initializing" and response.root_password is None
    refused("uniqueness_error", client.servers.create, "judge-1", ServerType(name="cx23"), Image(name="debian-13"))
    refused("invalid_input", client.servers.create, "not a host", ServerType(name="cx23"), Image(name="debian-13"))
    refused("invalid_input", client.servers.create, "judge-2", ServerType(name="cax11"), Image(id=312276201))
    done(response.action, *response.next_actions)
    server.reload()
    assert server.status == "running" and not server.locked
    assert server.public_net.ipv4.ip and server.public_net.ipv6.ip.endswith("/64")
    assert server.private_net[0].network.id == net.id
    assert server.placement_group.id == group.id
    assert server.public_net.firewalls[0].firewall.id == firewall.id
    refused("resource_in_use", group.delete)
    refused("resource_in_use", firewall.delete)

    for step, status in [
        (server.shutdown, "off"),
        (server.power_on, "running"),
        (server.reboot, "running"),
        (server.reset, "running"),
        (server.power_off, "off"),
    ]:
        done(step())
        server.reload()
        assert server.status == status, (step, server.status)
    done(server.change_type(ServerType(name="cx33"), upgrade_disk=True))
    done(server.detach_from_network(net))
    done(server.attach_to_network(net, ip="10.9.1.77"))
    done(server.change_alias_ips(net, ["10.9.1.78"]))
    done(server.remove_from_placement_group())
    done(server.add_to_placement_group(group))
    done(server.enable_backup())
    done(server.attach_iso(Iso(name="nixos-minimal-25.11-x86_64-linux.iso")))
    server.reload()
    assert (server.server_type.name, server.primary_disk_size) == ("cx33", 80)
    assert (server.private_net[0].ip, server.private_net[0].alias_ips) == ("10.9.1.77", ["10.9.1.78"])
    assert server.backup_window and server.iso.name.startswith("nixos")
    done(server.detach_iso())

    image = server.create_image("judge", labels={**LABELS, "os": "nixos"})
    assert image.image.status == "creating"
    done(image.action)
    image = client.images.get_by_id(image.image.id)
    assert image.status == "available" and image.created_from.id == server.id
    assert client.images.get_all(label_selector="os=nixos,judged")[0].id == image.id
    rebuilt = server.rebuild(image)
    done(rebuilt.action)
    rescue = server.enable_rescue(type="linux64", ssh_keys=[key.id])
    done(rescue.action)
    server.reload()
    assert server.image.id == image.id and server.rescue_enabled and rescue.root_password
    done(server.disable_rescue())
    password = server.reset_password()
    done(password.action)
    console = server.request_console()
    done(console.action)
    assert password.root_password and console.wss_url.startswith("wss://")
    done(server.change_dns_ptr(server.public_net.ipv4.ip, "judge.example.org"))
    done(server.change_dns_ptr(server.public_net.ipv6.ip.replace("/64", "1"), "judge6.example.org"))
    server.reload()
    assert server.public_net.ipv4.dns_ptr == "judge.example.org"
    assert server.public_net.ipv6.dns_ptr[0]["dns_ptr"] == "judge6.example.org"
    done(server.change_protection(delete=True, rebuild=True))
    refused("protected", server.delete)
    refused("protected", server.rebuild, image)
    done(server.change_protection(delete=False, rebuild=False))
    assert image.update(description="other").description == "other"
    image.delete()

    end = datetime.datetime.now(datetime.timezone.utc)
    start = end - datetime.timedelta(hours=1)
    metrics = server.get_metrics(["cpu", "disk", "network"], start, end).metrics
    assert len(metrics.time_series) == 9
    assert server.update(name="judge-one").name == "judge-one"
    assert client.servers.get_by_name("judge-one").labels["role"] == "web"
    return server, group, firewall


def firewalls():
    rules = [
        FirewallRule("in", "tcp", ["0.0.0.0/0", "::/0"], port="22", description="ssh"),
        FirewallRule("in", "icmp", ["0.0.0.0/0"]),
    ]
    response = client.firewalls.create("judge", rules=rules, labels=LABELS)
    done(*response.actions)
    firewall = response.firewall
    done(*firewall.set_rules(rules[:1]))
    refused("invalid_input", firewall.set_rules, [FirewallRule("in", "tcp", ["0.0.0.0/0"])])
    everywhere = FirewallResource("label_selector", label_selector=FirewallResourceLabelSelector("judged=no"))
    done(*firewall.apply_to_resources([everywhere]))
    firewall.reload()
    assert len(firewall.rules) == 1 and firewall.applied_to[0].label_selector.selector == "judged=no"
    done(*firewall.remove_from_resources([everywhere]))
    firewall.reload()
    assert firewall.applied_to == []
    return firewall


def volumes(server):
    response = client.volumes.create(20, "judge", labels=LABELS, location=FSN1, format="ext4")
    volume = response.volume
    done(response.action)
    done(volume.attach(server, automount=False))
    refused("volume_already_attached", volume.attach, server)
    refused("volume_still_attached", volume.delete)
    done(volume.resize(30))
    refused("invalid_input", volume.resize, 10)
    server.reload()
    volume.reload()
    assert [other.id for other in server.volumes] == [volume.id]
    assert (volume.size, volume.server.id, volume.status) == (30, server.id, "available")
    done(volume.detach())
    done(volume.change_protection(delete=True))
    refused("protected", volume.delete)
    done(volume.change_protection(delete=False))
    volume.delete()
    attached = client.volumes.create(10, "judge-2", server=server)
    done(attached.action, *attached.next_actions)
    return attached.volume


def addresses(server):
    floating = client.floating_ips.create("ipv4", name="judge", home_location=FSN1, labels=LABELS)
    ip = floating.floating_ip
    done(ip.assign(server))
    refused("must_be_unassigned", ip.delete)
    done(ip.change_dns_ptr(ip.ip, "float.example.org"))
    ip.reload()
    assert ip.server.id == server.id and ip.dns_ptr[0]["dns_ptr"] == "float.example.org"
    done(ip.unassign())
    assert ip.update(description="moves").description == "moves"
    ip.delete()
    primary = client.primary_ips.create("ipv4", "judge", location=FSN1, labels=LABELS).primary_ip
    assert primary.assignee_type == "unassigned"
    refused("server_has_primary_ip", primary.assign, server.id, "server")
    old = client.primary_ips.get_by_id(server.public_net.primary_ipv4.id)
    done(old.unassign())
    done(primary.assign(server.id, "server"))
    server.reload()
    assert server.public_net.ipv4.ip == primary.ip
    refused("must_be_unassigned", primary.delete)
    old.delete()
    return primary


def pair(names):
    """A self-signed certificate and its key."""
    with tempfile.TemporaryDirectory() as place:
        alternative = ",".join(f"DNS:{name}" for name in names)
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", f"/CN={names[0]}",
             "-addext", f"subjectAltName={alternative}", "-keyout", f"{place}/key", "-out", f"{place}/crt"],
            check=True, capture_output=True,
        )
        with open(f"{place}/crt", encoding="ascii") as one, open(f"{place}/key", encoding="ascii") as other:
            return one.read(), other.read()


def certificates():
    pem, key = pair(["judge.example.net", "www.judge.example.net"])
    certificate = client.certificates.create("judge", pem, key, labels=LABELS)
    assert certificate.domain_names == ["judge.example.net", "www.judge.example.net"]
    assert certificate.not_valid_after - certificate.not_valid_before == datetime.timedelta(days=30)
    refused("invalid_input", client.certificates.create, "judge-2", pem, pair(["other"])[1])
    refused("uniqueness_error", client.certificates.create, "judge", pem, key)
    failing = client.certificates.create_managed("judge-managed", ["www.nowhere.example"])
    try:
        done(failing.action)
        raise AssertionError("issued without a zone")
    except Exception as error:  # pylint: disable=broad-except
        assert "dns_zone_not_found" in str(error), error
    failing.certificate.reload()
    assert failing.certificate.status.issuance == "failed"
    zone = client.zones.create(name="nowhere.example", mode="primary")
    done(zone.action)
    done(failing.certificate.retry_issuance())
    failing.certificate.reload()
    assert failing.certificate.status.issuance == "completed" and failing.certificate.certificate
    failing.certificate.delete()
    done(zone.zone.delete().action)
    return certificate


def load_balancers(server, net, certificate):
    ip = client.primary_ips.create("ipv4", "judge-lb", location=FSN1).primary_ip
    check = LoadBalancerHealthCheck(
        protocol="http", port=8080, interval=5, timeout=3, retries=3,
        http=LoadBalancerHealthCheckHttp(path="/healthz", status_codes=["2??"], tls=False),
    )
    https = LoadBalancerService(
        protocol="https", listen_port=8443, destination_port=8080, proxyprotocol=False, health_check=check,
        http=LoadBalancerServiceHttp(
            certificates=[certificate], redirect_http=False, sticky_sessions=False,
            cookie_name="JUDGE", cookie_lifetime=300,
        ),
    )
    response = client.load_balancers.create(
        "judge", LoadBalancerType(name="lb11"), location=FSN1, labels=LABELS, services=[https],
        algorithm=LoadBalancerAlgorithm("least_connections"), network=net,
        public_net=LoadBalancerCreatePublicNetwork(ipv4=ip),
    )
    done(response.action)
    balancer = response.load_balancer
    balancer.reload()
    ip.reload()
    assert balancer.public_net.ipv4.ip == ip.ip and ip.assignee_id == balancer.id
    assert balancer.services[0].http.certificates[0].id == certificate.id
    assert balancer.algorithm.type == "least_connections" and balancer.private_net[0].network.id == net.id
    tcp = LoadBalancerService(
        protocol="tcp", listen_port=9000, destination_port=9000, proxyprotocol=False,
        health_check=LoadBalancerHealthCheck(protocol="tcp", port=9000, interval=15, timeout=10, retries=3),
    )
    done(balancer.add_service(tcp))
    refused("source_port_already_used", balancer.add_service, tcp)
    done(balancer.add_target(LoadBalancerTarget(type="server", server=server, use_private_ip=False)))
    selector = LoadBalancerTarget(
        type="label_selector", label_selector=LoadBalancerTargetLabelSelector("role=web"), use_private_ip=False)
    done(balancer.add_target(selector))
    done(balancer.add_target(LoadBalancerTarget(type="ip", ip=LoadBalancerTargetIP("203.0.113.7"))))
    refused("target_already_defined", balancer.add_target, selector)
    balancer.reload()
    assert [target.type for target in balancer.targets] == ["server", "label_selector", "ip"]
    nested = [target.server.id for target in balancer.targets[1].targets]
    assert server.id in nested
    assert {status.listen_port for status in balancer.targets[0].health_status} == {8443, 9000}
    refused("service_error", certificate.delete)
    other = client.certificates.create("judge-new", *pair(["judge.example.net"]))
    done(balancer.update_service(LoadBalancerService(
        listen_port=8443, http=LoadBalancerServiceHttp(certificates=[other]))))
    balancer.reload()
    service = next(service for service in balancer.services if service.listen_port == 8443)
    assert [held.id for held in service.http.certificates] == [other.id]
    assert (service.http.cookie_name, service.health_check.http.path) == ("JUDGE", "/healthz")
    done(balancer.change_algorithm(LoadBalancerAlgorithm("round_robin")))
    done(balancer.change_type(LoadBalancerType(name="lb21")))
    done(balancer.disable_public_interface())
    done(balancer.enable_public_interface())
    done(balancer.change_dns_ptr(balancer.public_net.ipv4.ip, "lb.example.org"))
    done(balancer.detach_from_network(net))
    done(balancer.attach_to_network(net, ip="10.9.1.200"))
    end = datetime.datetime.now(datetime.timezone.utc)
    metrics = balancer.get_metrics(["open_connections", "bandwidth"], end - datetime.timedelta(hours=2), end)
    assert len(metrics.metrics.time_series) == 3
    balancer.reload()
    assert balancer.load_balancer_type.name == "lb21" and balancer.private_net[0].ip == "10.9.1.200"
    assert balancer.public_net.ipv4.dns_ptr == "lb.example.org"
    done(balancer.remove_target(selector))
    done(balancer.delete_service(tcp))
    done(balancer.change_protection(delete=True))
    refused("protected", balancer.delete)
    done(balancer.change_protection(delete=False))
    refused("resource_in_use", net.delete)
    refused("must_be_unassigned", ip.delete)
    done(balancer.delete().action)
    ip.delete()
    certificate.delete()
    other.delete()


def zones():
    response = client.zones.create(
        name="judge.example", mode="primary", ttl=600, labels=LABELS,
        rrsets=[ZoneRRSet(name="www", type="A", records=[ZoneRecord("192.0.2.1", "first")])],
    )
    done(response.action)
    zone = response.zone
    refused("uniqueness_error", client.zones.create, name="judge.example", mode="primary")
    assert client.zones.get("judge.example").ttl == 600
    made = zone.create_rrset(name="@", type="TXT", ttl=120, records=[ZoneRecord('"v=spf1 -all"')], labels=LABELS)
    done(made.action)
    refused("invalid_input", zone.create_rrset, name="bad", type="A", records=[ZoneRecord("no address")])
    www = zone.get_rrset("www", "A")
    assert www.id == "www/A" and www.records[0].comment == "first"
    done(www.add_rrset_records([ZoneRecord("192.0.2.2")]))
    done(www.set_rrset_records([ZoneRecord("192.0.2.3"), ZoneRecord("192.0.2.4")]))
    done(www.remove_rrset_records([ZoneRecord("192.0.2.3")]))
    done(www.change_rrset_ttl(300))
    www.reload()
    assert ([record.value for record in www.records], www.ttl) == (["192.0.2.4"], 300)
    done(www.update_rrset_records([ZoneRecord("192.0.2.4", "noted")]))
    done(www.change_rrset_protection(change=True))
    refused("protected", www.delete_rrset)
    done(www.change_rrset_protection(change=False))
    done(www.remove_rrset_records([ZoneRecord("192.0.2.4")]))
    refused("not_found", zone.get_rrset, "www", "A")
    done(zone.import_zonefile("$ORIGIN judge.example.\nmail 60 IN MX 10 mx.example.org. ; mail\n"))
    text = zone.export_zonefile().zonefile
    assert "10 mx.example.org." in text and "SOA" in text, text
    done(zone.change_ttl(900))
    done(zone.change_protection(delete=True))
    refused("protected", zone.delete)
    done(zone.change_protection(delete=False))
    assert len(zone.get_rrset_all()) == 3
    done(zone.delete().action)
    secondary = client.zones.create(
        name="second.example", mode="secondary", primary_nameservers=[ZonePrimaryNameserver("192.0.2.53")])
    done(secondary.action)
    done(secondary.zone.change_primary_nameservers([ZonePrimaryNameserver("192.0.2.54", port=5353)]))
    done(secondary.zone.delete().action)


def lists():
    ids = [server.id for server in client.servers.get_all()]
    assert ids == sorted(ids)
    page = client.servers.get_list(page=1, per_page=1)
    assert len(page.servers) == 1 and page.meta.pagination.total_entries == len(ids)
    assert client.servers.get_all(label_selector="judged,role in (web,db),!nothing")
    assert client.servers.get_all(status=["running"]) is not None
    refused("invalid_input", client.servers.get_list, label_selector="a in b")
    refused("not_found", client.servers.get_by_id, 1)


def main():
    catalogue()
    key, net = ssh_keys(), networks()
    server, group, firewall = servers(key, net)
    volume = volumes(server)
    done(server.power_off())
    primary = addresses(server)
    lists()
    zones()
    load_balancers(server, net, certificates())
    action = server.delete()
    done(action)
    volume.reload()
    primary.reload()
    assert volume.server is None and primary.assignee_id is None
    volume.delete()
    primary.delete()
    for thing in (group, firewall, net, key):
        thing.delete()
    for found in (client.servers, client.volumes, client.networks, client.load_balancers, client.certificates,
                  client.firewalls, client.ssh_keys, client.placement_groups, client.primary_ips):
        assert not found.get_all(label_selector="judged"), found
    print("judged: everything")


if __name__ == "__main__":
    sys.exit(main())
