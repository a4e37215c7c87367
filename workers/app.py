"""The Celery application: every setting with its reason (handbook reliability.md 1; measured there).

In: VERIFY_BROKER_URL. Out: `app`, for `celery -A workers.app worker|beat`. Celery is the doorbell and
the muscle; the database is the queue, so nothing here is relied on to keep a message.
"""

from __future__ import annotations

import threading
from typing import Any

from celery import Celery, signals

from verify.bell import BROKER_OPTIONS, Queue
from verify.logs import configure
from verify.settings import Settings
from verify.store.items import Patience

SWEEP = "verify.sweep"
SWEEP_QUEUE = "sweep"

_settings = Settings()
_sweep_seconds = Patience().sweep_seconds

app = Celery("verify", include=["workers.tasks"])
app.conf.update(
    broker_url=_settings.broker_url.get_secret_value() or None,
    # --- the connection -------------------------------------------------------------------------
    # A worker that starts before its broker waits for it, and never gives up: the default ends
    # after 100 tries, and then a process lives that does nothing.
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_transport_options=BROKER_OPTIONS
    | {
        # Seconds between two looks for messages of dead workers; kombu's default is each 100 s.
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "socket_connect_timeout": 5,
        "socket_keepalive": True,
        "health_check_interval": 25,
        # Queues in the order of the command line: what can wait, waits.
        "queue_order_strategy": "priority",
    },
    visibility_timeout=BROKER_OPTIONS["visibility_timeout"],
    # True would end the work in hand with the broker. The work does not need it: its lease is in the
    # database, and whoever hears the bell again finds nothing left to do.
    worker_cancel_long_running_tasks_on_connection_loss=False,
    # --- messages -------------------------------------------------------------------------------
    accept_content=["json"],  # no pickle: the broker is no place to load code from
    task_serializer="json",
    # Reports live in the database. No result backend: no expiry, no chords, no pub/sub to leak.
    result_backend=None,
    task_ignore_result=True,
    task_publish_retry_policy={"max_retries": 1, "interval_start": 0.2, "interval_max": 0.2},
    task_default_queue=Queue.FETCH.value,
    # --- what a worker takes and when it lets go ---------------------------------------------------
    task_acks_late=True,  # a bell is gone only when it was answered
    # Safe only because the ledger grants no fourth attempt: a task that kills its process would
    # otherwise be redelivered without end (10 executions in 20 s, measured).
    task_reject_on_worker_lost=True,
    # False would put timed-out tasks back without a limit; retries belong to the ledger.
    task_acks_on_failure=True,
    task_acks_on_timeout=True,
    worker_prefetch_multiplier=1,  # long tasks: none waits behind another while a worker is idle
    task_soft_time_limit=_settings.item_soft_seconds,
    task_time_limit=_settings.item_hard_seconds,
    # --- processes ------------------------------------------------------------------------------
    # Never threads: that pool died in both long runs on 5.7.0, and has no time limits.
    worker_pool="prefork",
    # FAISS used before a fork hung ten children of ten; a spawned child has inherited nothing.
    worker_pool_start_method="spawn",
    # A spawned child imports everything anew before it says that it is up. Celery's 4 s suit a fork; on a
    # busy machine they kill each child while it still imports, and the worker lives and never works.
    worker_proc_alive_timeout=60,
    # Against leaks only. A task is a bell, and most find nothing to do: 200 of them are heard in a minute,
    # and a new process imports for seconds before it works.
    worker_max_tasks_per_child=2000,
    worker_max_memory_per_child=600_000,  # kB; looked at after a task, so no guard against bombs
    # With REMAP_SIGTERM=SIGQUIT. Celery sleeps this long before it stops its processes, whether or not
    # their work has ended. The handbook's 30 s would let most items end; but what is in hand is given
    # back at once when its process is stopped (below), so waiting only delays whoever takes it up.
    worker_soft_shutdown_timeout=2,
    worker_enable_remote_control=False,  # fewer pub/sub paths; liveness is read in the database
    worker_hijack_root_logger=False,
    # --- time -----------------------------------------------------------------------------------
    # Delays are in the database (`not_before`); beat only sweeps. A sweep nobody took in time is
    # dropped, since the next one does the same.
    beat_schedule={
        "sweep": {
            "task": SWEEP,
            "schedule": _sweep_seconds,
            "options": {"queue": SWEEP_QUEUE, "expires": _sweep_seconds},
        }
    },
    beat_max_loop_interval=_sweep_seconds,
    timezone="UTC",
)


@signals.setup_logging.connect
def _set_up_logging(**_: Any) -> None:
    configure(form=_settings.log_format, level=_settings.log_level)


@signals.worker_ready.connect
def _sweep_if_beat_is_gone(**_: Any) -> None:
    from workers.sweeper import Sweeper  # noqa: PLC0415 - opens the database, which only a worker needs

    stopped = threading.Event()
    signals.worker_shutting_down.connect(lambda **_: stopped.set(), weak=False)
    threading.Thread(target=Sweeper.of(_settings).watch, args=(stopped,), name="sweep", daemon=True).start()


@signals.worker_ready.connect
def _watch_answers(sender: Any, **_: Any) -> None:
    from workers.answers import Answer  # noqa: PLC0415 - only a worker has an event loop

    Answer.loop = sender.hub


@signals.worker_process_shutdown.connect
def _close(**_: Any) -> None:
    from workers.tasks import Opened  # noqa: PLC0415 - the tasks import this module

    Opened.close()
