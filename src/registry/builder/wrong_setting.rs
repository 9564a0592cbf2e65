//! Refuses a setting, with what to write instead.

use crate::registry::config_error::RegistryConfigError;

/// The name of a setting, what is wrong with it, what to write instead, and whether it is wrong.
type Check = (&'static str, &'static str, &'static str, bool);

/// Refuses the first setting that is wrong.
pub(super) fn refuse_wrong<const N: usize>(checks: [Check; N]) -> Result<(), RegistryConfigError> {
    let wrong = checks.into_iter().find(|(.., is_wrong)| *is_wrong);
    match wrong {
        Some((setting, problem, instead, _)) => Err(RegistryConfigError::InvalidSetting {
            setting,
            problem,
            instead,
        }),
        None => Ok(()),
    }
}
