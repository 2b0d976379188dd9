"""Run the jobs that work on the database itself: one module per kind, found by its name.

A module defines `run(app, job)`, which does its work and ends the job with
control.jobs.states.finish_job in the transaction of its data.
"""

from __future__ import annotations
