//! The methods of the trait, which are the same for every database: each is one call of a statement
//! or transaction of the same name.

/// Implements `Store` for a type that has `read`, `write`, `IS_OF_ONE_MACHINE` and the fields
/// `workspaces` and `owner`, with the modules of statements of its database in scope.
macro_rules! implement_store {
    ($store:ty) => {
        impl Store for $store {
            fn workspaces(&self) -> &Path {
                &self.workspaces
            }

            fn owner(&self) -> &Owner {
                &self.owner
            }

            fn is_of_one_machine(&self) -> bool {
                Self::IS_OF_ONE_MACHINE
            }

            fn add_task(&self, new: &NewTask) -> Result<Task, StoreError> {
                self.write(async |it| tasks::add(it, new).await)
            }

            fn task(&self, task: &TaskId) -> Result<Option<Task>, StoreError> {
                self.read(async |it| tasks::one(it, task).await)
            }

            fn tasks(&self, statuses: &[TaskStatus]) -> Result<Vec<Task>, StoreError> {
                self.read(async |it| tasks::all(it, statuses).await)
            }

            fn plan_task(&self, planned: &Task, plan: SignedPlan<'_>) -> Result<Task, StoreError> {
                self.write(async |it| tasks::plan(it, planned, plan).await)
            }

            fn archive_task(&self, task: &TaskId) -> Result<Task, StoreError> {
                self.write(async |it| tasks::archive(it, task).await)
            }

            fn forget_task(&self, task: &TaskId) -> Result<Vec<Run>, StoreError> {
                self.write(async |it| tasks::forget(it, task).await)
            }

            fn run(&self, run: &RunId) -> Result<Option<Run>, StoreError> {
                self.read(async |it| tasks::one_run(it, run).await)
            }

            fn runs(&self, task: Option<&TaskId>) -> Result<Vec<Run>, StoreError> {
                self.read(async |it| tasks::all_runs(it, task).await)
            }

            fn open_run(&self, task: &TaskId) -> Result<Option<Run>, StoreError> {
                self.read(async |it| tasks::open_run(it, task).await)
            }

            fn claim(
                &self,
                task: &TaskId,
                worker: &WorkerId,
                term: LeaseTerm,
            ) -> Result<Option<Lease>, StoreError> {
                self.write(async |it| leases::claim(it, task, worker, term).await)
            }

            fn renew(&self, lease: &Lease, term: LeaseTerm) -> Result<(), StoreError> {
                self.write(async |it| leases::renew(it, lease, term).await)
            }

            fn release(&self, lease: &Lease) -> Result<(), StoreError> {
                self.write(async |it| leases::release(it, lease).await)
            }

            fn check_lease(&self, lease: &Lease) -> Result<(), StoreError> {
                self.read(async |it| leases::check(it, lease).await)
            }

            fn holder(&self, task: &TaskId) -> Result<Option<Lease>, StoreError> {
                self.read(async |it| leases::holder(it, task).await)
            }

            fn begin_run(&self, lease: &Lease, at: Timestamp) -> Result<Run, StoreError> {
                self.write(async |it| leases::begin_run(it, lease, at).await)
            }

            fn start(
                &self,
                new: &NewTask,
                worker: &WorkerId,
                term: LeaseTerm,
                at: Timestamp,
            ) -> Result<(Lease, Run), StoreError> {
                self.write(async |it| leases::start(it, new, worker, term, at).await)
            }

            fn advance_run(
                &self,
                lease: &Lease,
                run: &RunId,
                advance: &Advance,
            ) -> Result<Run, StoreError> {
                self.write(async |it| leases::advance_run(it, lease, run, advance).await)
            }

            fn enqueue(&self, new: &NewTask) -> Result<Task, StoreError> {
                self.write(async |it| queue::enqueue(it, new).await)
            }

            fn claim_next(
                &self,
                worker: &WorkerId,
                term: LeaseTerm,
            ) -> Result<Option<Claim>, StoreError> {
                self.write(async |it| queue::claim_next(it, worker, term).await)
            }

            fn postpone(&self, lease: &Lease, delay: Duration) -> Result<(), StoreError> {
                self.write(async |it| queue::postpone(it, lease, delay, 0).await)
            }

            fn pass_on(&self, lease: &Lease, delay: Duration) -> Result<(), StoreError> {
                self.write(async |it| queue::postpone(it, lease, delay, 1).await)
            }

            fn dequeue(&self, lease: &Lease) -> Result<(), StoreError> {
                self.write(async |it| queue::dequeue(it, lease).await)
            }

            fn waiting(&self) -> Result<u32, StoreError> {
                self.read(async |it| queue::waiting(it).await)
            }

            fn undelivered(&self, limit: u32) -> Result<Vec<OutboxEvent>, StoreError> {
                self.read(async |it| outbox::undelivered(it, limit).await)
            }

            fn mark_delivered(&self, events: &[EventId]) -> Result<(), StoreError> {
                self.write(async |it| outbox::mark_delivered(it, events).await)
            }

            fn put_manifest(
                &self,
                manifest: &ManifestRecord,
                operations: &[OperationRecord],
            ) -> Result<(), StoreError> {
                self.write(async |it| manifests::put_manifest(it, manifest, operations).await)
            }

            fn manifests(&self) -> Result<Vec<ManifestRecord>, StoreError> {
                self.read(async |it| manifests::manifests(it).await)
            }

            fn manifest(
                &self,
                manifest: Uuid,
            ) -> Result<Option<(ManifestRecord, Vec<OperationRecord>)>, StoreError> {
                self.read(async |it| manifests::manifest(it, manifest).await)
            }

            fn put_application(&self, application: &ApplicationRow) -> Result<(), StoreError> {
                self.write(async |it| manifests::put_application(it, application).await)
            }

            fn applications(
                &self,
                package: Option<&str>,
            ) -> Result<Vec<ApplicationRow>, StoreError> {
                self.read(async |it| manifests::applications(it, package).await)
            }
        }
    };
}
pub(crate) use implement_store;
