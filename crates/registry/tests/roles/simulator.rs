//! A registry in memory whose every file can be made as a case needs it, and a client of it whose
//! state goes through its file between two commands, as if each were a process.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::num::NonZeroU64;

use artifact::Timestamp;
use ledger::{PublicKey, Signer, SigningKey};
use registry::RoleError;
use registry::roles::{
    Client, DelegatedRole, Delegations, Expiry, FoundTarget, Key, MetaFile, OtherFields, Role,
    RoleKeys, RoleKind, RootRole, Rules, SPEC_VERSION, Signed, SnapshotRole, TargetFile,
    TargetsRole, TimestampRole, Transport, TransportError, TrustedState, quoted,
};

/// The moment at which every case begins.
pub(crate) const START: i64 = 1_762_106_400;

/// A day in seconds.
pub(crate) const DAY: i64 = 86_400;

pub(crate) const TOP: [&str; 4] = ["targets", "snapshot", "timestamp", "root"];
pub(crate) const ONLINE: [&str; 3] = ["targets", "snapshot", "timestamp"];

pub(crate) fn moment(days: i64) -> Timestamp {
    Timestamp::from_unix_seconds(START + days * DAY).expect("in range")
}

pub(crate) fn number(number: u64) -> NonZeroU64 {
    NonZeroU64::new(number).expect("not zero")
}

pub(crate) fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

pub(crate) fn versions(expected: &[(&str, u64)]) -> BTreeMap<String, u64> {
    expected.iter().map(|(role, version)| ((*role).to_owned(), *version)).collect()
}

/// A registry whose metadata is changed by hand and published role by role.
pub(crate) struct Simulator {
    pub(crate) root: RootRole,
    pub(crate) timestamp: TimestampRole,
    pub(crate) snapshot: SnapshotRole,
    /// The top-level targets and the roles that they delegate to.
    pub(crate) targets: BTreeMap<String, TargetsRole>,
    /// The seeds of the keys that sign each role.
    pub(crate) signers: BTreeMap<String, Vec<u8>>,
    /// What is served, by the name of the file.
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    /// Whether the length and the digest of metadata stand where it is named.
    pub(crate) with_hashes: bool,
    /// What was asked for, by role and by the version in the name.
    pub(crate) requests: RefCell<Vec<(String, Option<u64>)>>,
    seeds: u8,
}

impl Simulator {
    pub(crate) fn new() -> Self {
        let expires = Expiry(moment(30));
        let spec_version = SPEC_VERSION.to_owned();
        let version = number(1);
        let meta = |name: &str| {
            let file = MetaFile { version, length: None, hashes: None, other: OtherFields::new() };
            BTreeMap::from([(format!("{name}.json"), file)])
        };
        let root = RootRole {
            kind: RoleKind::Root,
            spec_version: spec_version.clone(),
            version,
            expires,
            consistent_snapshot: true,
            keys: BTreeMap::new(),
            roles: TOP.map(|role| (role.to_owned(), RoleKeys::new(&[], number(1)))).into(),
            other: OtherFields::new(),
        };
        let timestamp = TimestampRole {
            kind: RoleKind::Timestamp,
            spec_version: spec_version.clone(),
            version,
            expires,
            meta: meta("snapshot"),
            other: OtherFields::new(),
        };
        let snapshot = SnapshotRole {
            kind: RoleKind::Snapshot,
            spec_version,
            version,
            expires,
            meta: meta("targets"),
            other: OtherFields::new(),
        };
        let mut simulator = Self {
            root,
            timestamp,
            snapshot,
            targets: [("targets".to_owned(), no_targets(30))].into(),
            signers: BTreeMap::new(),
            files: BTreeMap::new(),
            with_hashes: false,
            requests: RefCell::default(),
            seeds: 0,
        };
        for role in TOP {
            simulator.add_key(role);
        }
        simulator.republish(&TOP);
        simulator
    }

    /// A seed that no other key has.
    pub(crate) fn new_seed(&mut self) -> u8 {
        self.seeds += 1;
        self.seeds
    }

    /// Gives a top-level role one more key, which signs from then on.
    pub(crate) fn add_key(&mut self, role: &str) -> u8 {
        let seed = self.new_seed();
        self.name_key(role, seed);
        self.signers.entry(role.to_owned()).or_default().push(seed);
        seed
    }

    /// Lets the root name a key for a role, which need not sign.
    pub(crate) fn name_key(&mut self, role: &str, seed: u8) {
        let public = key(seed).public_key();
        self.root.keys.insert(public.id(), Key::new(&public));
        let keyids = &mut self.root.roles.get_mut(role).expect("a top-level role").keyids;
        if !keyids.contains(&public.id()) {
            keyids.push(public.id());
        }
    }

    /// These keys, this threshold and these signatures for a top-level role.
    pub(crate) fn set_keys(&mut self, role: &str, keys: &[u8], threshold: u64, signers: &[u8]) {
        let publics: Vec<PublicKey> = keys.iter().map(|seed| key(*seed).public_key()).collect();
        self.root.keys.extend(publics.iter().map(|public| (public.id(), Key::new(public))));
        self.root.roles.insert(role.to_owned(), RoleKeys::new(&publics, number(threshold)));
        self.signers.insert(role.to_owned(), signers.to_vec());
    }

    /// Replaces all keys of a top-level role by new ones, as many as must sign.
    pub(crate) fn rotate_keys(&mut self, role: &str) {
        let keys = self.root.roles.get_mut(role).expect("a top-level role");
        keys.keyids.clear();
        let threshold = keys.threshold.get();
        self.signers.insert(role.to_owned(), Vec::new());
        for _ in 0..threshold {
            self.add_key(role);
        }
    }

    pub(crate) fn set_threshold(&mut self, role: &str, threshold: u64) {
        self.root.roles.get_mut(role).expect("a top-level role").threshold = number(threshold);
    }

    /// The next version of each of these roles, signed and served, and named by the next one up.
    pub(crate) fn publish(&mut self, roles: &[&str]) {
        for role in roles {
            let version = self.version_mut(role);
            *version = number(version.get() + 1);
            self.republish(&[role]);
        }
    }

    /// These roles as they are, whatever version they have.
    pub(crate) fn republish(&mut self, roles: &[&str]) {
        for role in roles {
            let bytes = self.signed(role);
            let version = *self.version_mut(role);
            self.serve(role, version.get(), bytes.clone());
            let mut meta = MetaFile::of(version, &bytes);
            if !self.with_hashes {
                (meta.length, meta.hashes) = (None, None);
            }
            match *role {
                "root" | "timestamp" => {}
                "snapshot" => self.timestamp.meta = TimestampRole::meta_of(meta),
                _ => drop(self.snapshot.meta.insert(format!("{role}.json"), meta)),
            }
        }
    }

    /// The file of a role as its keys sign it.
    pub(crate) fn signed(&self, role: &str) -> Vec<u8> {
        let keys: Vec<SigningKey> = match self.signers.get(role) {
            Some(seeds) => seeds.iter().map(|seed| key(*seed)).collect(),
            None => Vec::new(),
        };
        match role {
            "root" => sign(role, &self.root, &keys),
            "timestamp" => sign(role, &self.timestamp, &keys),
            "snapshot" => sign(role, &self.snapshot, &keys),
            _ => sign(role, &self.targets[role], &keys),
        }
    }

    /// Serves these bytes as this version of a role.
    pub(crate) fn serve(&mut self, role: &str, version: u64, bytes: Vec<u8>) {
        let name = quoted(role);
        self.files.insert(format!("metadata/{version}.{name}.json"), bytes.clone());
        self.files.insert(format!("metadata/{name}.json"), bytes);
    }

    pub(crate) fn version_mut(&mut self, role: &str) -> &mut NonZeroU64 {
        match role {
            "root" => &mut self.root.version,
            "timestamp" => &mut self.timestamp.version,
            "snapshot" => &mut self.snapshot.version,
            _ => &mut self.targets.get_mut(role).expect("a role with targets").version,
        }
    }

    pub(crate) fn set_version(&mut self, role: &str, version: u64) {
        *self.version_mut(role) = number(version);
    }

    /// The file that is served as this version of a role.
    pub(crate) fn file(&self, role: &str, version: u64) -> &[u8] {
        &self.files[&format!("metadata/{version}.{}.json", quoted(role))]
    }

    /// Lets a role name a target, and serves its bytes.
    pub(crate) fn add_target(&mut self, role: &str, bytes: &[u8], path: &str) {
        let file = TargetFile::of(bytes);
        self.serve_target(path, file.hashes.name().expect("a digest"), bytes);
        let targets = self.targets.get_mut(role).expect("a role with targets");
        targets.targets.insert(path.to_owned(), file);
    }

    /// Serves these bytes as a target with this digest in its name.
    pub(crate) fn serve_target(&mut self, path: &str, digest: &str, bytes: &[u8]) {
        let name = match path.rsplit_once('/') {
            Some((folder, name)) => format!("targets/{folder}/{digest}.{name}"),
            None => format!("targets/{digest}.{path}"),
        };
        self.files.insert(name, bytes.to_vec());
    }

    /// Serves other bytes for every target.
    pub(crate) fn change_targets(&mut self, bytes: &[u8]) {
        let targets = self.files.iter_mut().filter(|(name, _)| name.starts_with("targets/"));
        targets.for_each(|(_, file)| *file = bytes.to_vec());
    }

    /// Delegates these paths to a role with a key of its own.
    pub(crate) fn delegate(&mut self, from: &str, to: &str, paths: &[&str], terminating: bool) {
        let known = self.signers.get(to).and_then(|seeds| seeds.first().copied());
        let seed = known.unwrap_or_else(|| self.new_seed());
        self.signers.insert(to.to_owned(), vec![seed]);
        self.targets.entry(to.to_owned()).or_insert_with(|| no_targets(30));
        let public = key(seed).public_key();
        let from = self.targets.get_mut(from).expect("a role with targets");
        let delegations = from.delegations.get_or_insert_with(Delegations::default);
        delegations.keys.insert(public.id(), Key::new(&public));
        delegations.roles.push(DelegatedRole {
            name: to.to_owned(),
            terminating,
            paths: Some(paths.iter().map(|path| (*path).to_owned()).collect()),
            path_hash_prefixes: None,
            keys: RoleKeys::new(&[public], number(1)),
        });
    }

    pub(crate) fn last_request(&self) -> Option<(String, Option<u64>)> {
        self.requests.borrow().last().cloned()
    }
}

impl Transport for Simulator {
    fn fetch(&self, name: &str, limit_bytes: u64) -> Result<Option<Vec<u8>>, TransportError> {
        if let Some(file) = name.strip_prefix("metadata/") {
            let role = file.strip_suffix(".json").expect("metadata is JSON");
            let numbered = role.split_once('.').and_then(|(version, role)| {
                version.parse().ok().map(|version| (role.to_owned(), Some(version)))
            });
            let request = numbered.unwrap_or_else(|| (role.to_owned(), None));
            self.requests.borrow_mut().push(request);
        }
        match self.files.get(name) {
            Some(bytes) if bytes.len() as u64 > limit_bytes => {
                Err(TransportError::TooLong(limit_bytes))
            }
            found => Ok(found.cloned()),
        }
    }
}

pub(crate) fn no_targets(days: i64) -> TargetsRole {
    TargetsRole {
        kind: RoleKind::Targets,
        spec_version: SPEC_VERSION.to_owned(),
        version: number(1),
        expires: Expiry(moment(days)),
        targets: BTreeMap::new(),
        delegations: None,
        other: OtherFields::new(),
    }
}

pub(crate) fn sign<T: Role>(role: &str, content: &T, keys: &[SigningKey]) -> Vec<u8> {
    let signers: Vec<&dyn Signer> = keys.iter().map(|key| key as &dyn Signer).collect();
    Signed::sign(role, content.clone(), &signers).expect("it can be signed").bytes().to_vec()
}

/// A client whose state is a file between two commands.
pub(crate) struct TestClient {
    pub(crate) state: Vec<u8>,
    pub(crate) rules: Rules,
    pub(crate) days: i64,
}

impl TestClient {
    /// A client that trusts the first root.
    pub(crate) fn new(registry: &Simulator) -> Self {
        let pinned = TrustedState::pinned(registry.file("root", 1)).expect("a root");
        let state = pinned.to_bytes().expect("it can be kept");
        Self { state, rules: Rules::default(), days: 0 }
    }

    pub(crate) fn trusted(&self) -> TrustedState {
        TrustedState::from_bytes(&self.state).expect("it was kept")
    }

    pub(crate) fn versions(&self) -> BTreeMap<String, u64> {
        self.trusted().versions()
    }

    pub(crate) fn version(&self, role: &str) -> Option<u64> {
        self.versions().get(role).copied()
    }

    pub(crate) fn refresh(&mut self, registry: &Simulator) -> Result<(), RoleError> {
        self.update(registry, |_| Ok(()))
    }

    /// Looks for a target after a refresh.
    pub(crate) fn find(
        &mut self,
        registry: &Simulator,
        path: &str,
    ) -> Result<Option<FoundTarget>, RoleError> {
        self.update(registry, |client| client.find(path))
    }

    /// The bytes of a target, after a refresh; none where no role names it.
    pub(crate) fn download(
        &mut self,
        registry: &Simulator,
        path: &str,
    ) -> Result<Option<Vec<u8>>, RoleError> {
        self.update(registry, |client| {
            client.find(path)?.map(|found| client.download(&found)).transpose()
        })
    }

    fn update<T>(
        &mut self,
        registry: &Simulator,
        then: impl FnOnce(&mut Client<'_>) -> Result<T, RoleError>,
    ) -> Result<T, RoleError> {
        let now = moment(self.days);
        let mut client = Client::new(registry, self.trusted(), self.rules, now);
        let outcome = client.refresh().and_then(|()| then(&mut client));
        self.state = client.into_state().to_bytes().expect("it can be kept");
        outcome
    }
}
