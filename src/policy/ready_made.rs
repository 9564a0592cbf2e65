/// What the policies have in common that judge a member: the software statement, which would override it, and that they need
/// not wait. Each has a `settle` of its own.
macro_rules! ready_made {
    ($policy:ident) => {
        impl $policy {
            /// Lets a `software_statement` pass, see [the module](super). Off by default.
            #[must_use]
            pub fn allow_software_statement(mut self) -> Self {
                self.software_statement = true;
                self
            }
        }

        impl $crate::policy::Judge for $policy {
            fn judge(
                &self,
                mut proposal: $crate::policy::Proposal,
            ) -> impl Future<Output = Result<$crate::policy::Proposal, $crate::Reply>> + Send {
                let judged = proposal
                    .judge_software_statement(self.software_statement)
                    .and_then(|()| self.settle(&mut proposal))
                    // Which it was, for those who audit.
                    .map_err(|refused| refused.with_reason(stringify!($policy)));
                std::future::ready(judged.map(|()| proposal))
            }
        }
    };
}

pub(super) use ready_made;
