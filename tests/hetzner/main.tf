# Everything that the provider has, for `scripts/judge-terraform`: created, read, changed, destroyed.

terraform {
  required_providers {
    hcloud = {
      source = "hetznercloud/hcloud"
    }
  }
}

variable "name" {
  default = "judge-tf"
}

variable "size" {
  default = 20
}

variable "certificate" {}
variable "private_key" {}
variable "public_key" {}

provider "hcloud" {
  poll_interval = "100ms"
}

locals {
  labels = { judged = "terraform" }
}

resource "hcloud_ssh_key" "it" {
  name       = var.name
  public_key = var.public_key
  labels     = local.labels
}

resource "hcloud_network" "it" {
  name     = var.name
  ip_range = "10.0.0.0/16"
  labels   = local.labels
}

resource "hcloud_network_subnet" "it" {
  network_id   = hcloud_network.it.id
  type         = "cloud"
  network_zone = "eu-central"
  ip_range     = "10.0.1.0/24"
}

resource "hcloud_network_route" "it" {
  network_id  = hcloud_network.it.id
  destination = "10.100.1.0/24"
  gateway     = "10.0.1.1"
}

resource "hcloud_placement_group" "it" {
  name = var.name
  type = "spread"
}

resource "hcloud_firewall" "it" {
  name   = var.name
  labels = local.labels
  rule {
    direction  = "in"
    protocol   = "tcp"
    port       = "22"
    source_ips = ["0.0.0.0/0", "::/0"]
  }
  rule {
    direction  = "in"
    protocol   = "icmp"
    source_ips = ["0.0.0.0/0"]
  }
}

resource "hcloud_primary_ip" "it" {
  name        = var.name
  type        = "ipv4"
  location    = "fsn1"
  auto_delete = false
}

resource "hcloud_server" "it" {
  count              = 2
  name               = "${var.name}-${count.index}"
  server_type        = "cx23"
  image              = "debian-13"
  location           = "fsn1"
  ssh_keys           = [hcloud_ssh_key.it.id]
  firewall_ids       = [hcloud_firewall.it.id]
  placement_group_id = hcloud_placement_group.it.id
  labels             = merge(local.labels, { role = "judge" })
  user_data          = "#cloud-config\n"
  backups            = true
  public_net {
    ipv4_enabled = true
    ipv4         = count.index == 0 ? hcloud_primary_ip.it.id : null
    ipv6_enabled = true
  }
  network {
    network_id = hcloud_network.it.id
    ip         = "10.0.1.${10 + count.index}"
    alias_ips  = []
  }
  depends_on = [hcloud_network_subnet.it]
}

resource "hcloud_rdns" "it" {
  server_id  = hcloud_server.it[0].id
  ip_address = hcloud_server.it[0].ipv4_address
  dns_ptr    = "judge.example.org"
}

resource "hcloud_snapshot" "it" {
  server_id   = hcloud_server.it[0].id
  description = var.name
  labels      = local.labels
}

resource "hcloud_volume" "it" {
  name     = var.name
  size     = var.size
  location = "fsn1"
  format   = "ext4"
  labels   = local.labels
}

resource "hcloud_volume_attachment" "it" {
  volume_id = hcloud_volume.it.id
  server_id = hcloud_server.it[1].id
  automount = false
}

resource "hcloud_floating_ip" "it" {
  name          = var.name
  type          = "ipv4"
  home_location = "fsn1"
}

resource "hcloud_floating_ip_assignment" "it" {
  floating_ip_id = hcloud_floating_ip.it.id
  server_id      = hcloud_server.it[1].id
}

resource "hcloud_uploaded_certificate" "it" {
  name        = var.name
  certificate = var.certificate
  private_key = var.private_key
  labels      = local.labels
}

resource "hcloud_zone" "it" {
  name = "${var.name}.example"
  mode = "primary"
  ttl  = 600
}

resource "hcloud_zone_rrset" "www" {
  zone    = hcloud_zone.it.name
  name    = "www"
  type    = "A"
  ttl     = 300
  records = [{ value = hcloud_load_balancer.it.ipv4, comment = "the load balancer" }]
}

resource "hcloud_zone_rrset" "txt" {
  zone    = hcloud_zone.it.name
  name    = "@"
  type    = "TXT"
  records = [{ value = provider::hcloud::txt_record("v=spf1 -all") }]
}

resource "hcloud_managed_certificate" "it" {
  name         = "${var.name}-managed"
  domain_names = ["www.${var.name}.example"]
  depends_on   = [hcloud_zone_rrset.www]
}

resource "hcloud_load_balancer" "it" {
  name               = var.name
  load_balancer_type = "lb11"
  location           = "fsn1"
  labels             = local.labels
  algorithm {
    type = "least_connections"
  }
}

resource "hcloud_load_balancer_network" "it" {
  load_balancer_id = hcloud_load_balancer.it.id
  network_id       = hcloud_network.it.id
  ip               = "10.0.1.200"
  depends_on       = [hcloud_network_subnet.it]
}

resource "hcloud_load_balancer_service" "https" {
  load_balancer_id = hcloud_load_balancer.it.id
  protocol         = "https"
  listen_port      = 8443
  destination_port = 8080
  http {
    certificates    = [hcloud_uploaded_certificate.it.id]
    redirect_http   = false
    sticky_sessions = true
    cookie_name     = "JUDGE"
  }
  health_check {
    protocol = "http"
    port     = 8080
    interval = 5
    timeout  = 3
    retries  = 2
    http {
      path         = "/healthz"
      status_codes = ["2??"]
    }
  }
}

resource "hcloud_load_balancer_service" "tcp" {
  load_balancer_id = hcloud_load_balancer.it.id
  protocol         = "tcp"
  listen_port      = 9000
  destination_port = 9000
}

resource "hcloud_load_balancer_target" "server" {
  type             = "server"
  load_balancer_id = hcloud_load_balancer.it.id
  server_id        = hcloud_server.it[0].id
  use_private_ip   = true
  depends_on       = [hcloud_load_balancer_network.it]
}

resource "hcloud_load_balancer_target" "selector" {
  type             = "label_selector"
  load_balancer_id = hcloud_load_balancer.it.id
  label_selector   = "role=judge"
  use_private_ip   = true
  depends_on       = [hcloud_load_balancer_network.it]
}

data "hcloud_location" "it" {
  name = "fsn1"
}

data "hcloud_server_types" "it" {}

data "hcloud_image" "it" {
  name              = "debian-13"
  with_architecture = "x86"
}
