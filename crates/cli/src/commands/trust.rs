//! Whom this machine trusts, as the code line asks for it; `sign`.

use std::path::PathBuf;
use std::sync::Arc;

use code_line::Error;
use code_line::bundle::load_manifest;
use code_line::trust::{OwnKey, Trust, sign_with};
use code_line::verify::expect_intact;
use host::{Clock, Environment, Files, UserFolders};
use ledger::{ApprovalPolicy, Identity, Signer, TrustedKeys};
use store::{Keyring, LOCAL_KEY};

use super::Context;
use super::keys::{own_key, refused};
use crate::Answer;
use crate::arguments::SignArguments;

/// Who the user is where nobody says it.
const NOBODY: &str = "user";

/// The keys of the user. What is made is signed with the key of this machine.
#[derive(Debug)]
pub(super) struct UserTrust {
    keyring: Keyring,
    files: Arc<dyn Files>,
    configuration: PathBuf,
    clock: Arc<dyn Clock>,
    user: Option<String>,
}

impl UserTrust {
    pub(super) fn new(
        files: &Arc<dyn Files>,
        clock: &Arc<dyn Clock>,
        folders: &UserFolders,
        environment: &Environment,
    ) -> Self {
        let keyring = Keyring::new(files.clone(), folders.configuration.join("keys"));
        let user = environment.text("USER").or_else(|| environment.text("LOGNAME"));
        Self {
            keyring,
            files: files.clone(),
            configuration: folders.configuration.clone(),
            clock: clock.clone(),
            user: user.map(str::to_owned),
        }
    }

    /// `local:NAME`, as identities are written.
    fn owner(&self) -> Result<Identity, Error> {
        let plain = |c: char| match c.to_ascii_lowercase() {
            c if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') => c,
            _ => '_',
        };
        let user = self.user.as_deref().filter(|user| !user.is_empty()).unwrap_or(NOBODY);
        let user: String = user.chars().take(64).map(plain).collect();
        format!("local:{user}").parse().map_err(|error: ledger::WordError| {
            Error::internal("the user has no identity").caused_by(error)
        })
    }
}

impl Trust for UserTrust {
    fn trusted(&self) -> Result<TrustedKeys, Error> {
        let trusted = self.keyring.trusted().map_err(refused)?;
        match self.keyring.private(LOCAL_KEY) {
            // Whoever made the key of this machine ended before it was trusted.
            Ok(key) if trusted.get(&key.public_key().id()).is_none() => {
                self.own_key()?;
                self.keyring.trusted().map_err(refused)
            }
            _ => Ok(trusted),
        }
    }

    fn own_key(&self) -> Result<OwnKey, Error> {
        let own = self.keyring.local(&self.owner()?, self.clock.now()).map_err(refused)?;
        Ok(OwnKey { signer: Box::new(own.key), owner: own.owner })
    }

    fn approval_policy(&self) -> Result<Option<ApprovalPolicy>, Error> {
        super::policy::read(&*self.files, &self.configuration)
    }

    fn own_keys(&self) -> Result<Vec<Box<dyn Signer>>, Error> {
        let key = |name: &String| {
            let key = self.keyring.private(name).map_err(refused)?;
            Ok(Box::new(key) as Box<dyn Signer>)
        };
        self.keyring.names().map_err(refused)?.iter().map(key).collect()
    }
}

pub(crate) fn sign(context: &Context<'_>, arguments: &SignArguments) -> Result<Answer, Error> {
    let world = &context.world;
    let loaded = load_manifest(world, &arguments.manifest)?;
    expect_intact(world, &loaded)?;
    let key = own_key(context, &arguments.key)?;
    let signature = sign_with(world, &loaded, &arguments.namespace, &key)?;
    if context.output.is_json() {
        context.output.json(&signature)?;
    } else {
        let path = loaded.path.display();
        context.output.result(&format!("{path}  {}\n", signature.words()))?;
    }
    Ok(Answer::Yes)
}
