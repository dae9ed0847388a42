"""What can go wrong with a job, each as one sentence that a person can act on."""


class JobError(Exception):
    """The base of everything that this room raises."""


class UnknownKind(JobError):
    """No function is registered for that kind."""


class BadParams(JobError):
    """The parameters do not fit the kind's function, or are not plain JSON."""


class BadDependency(JobError):
    """A job may not wait for that one."""


class NotAllowed(JobError):
    """The job's state does not allow what was asked."""


class JobInterrupted(JobError):
    """Raised inside a running job to make it stop; a job's own code never catches it."""


class JobCancelled(JobInterrupted):
    """A person asked for the job to be cancelled."""


class LeaseLost(JobInterrupted):
    """Another worker has the job, or it was given up for dead: this one may write nothing more."""


class JobTimedOut(JobInterrupted):
    """The job ran longer than its kind's time limit."""


class WorkerStopping(JobInterrupted):
    """The worker was asked to stop: the job goes back to the queue, without a strike."""
