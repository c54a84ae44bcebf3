"""What the house can do, one function per act, used by HTTP and the command line alike.

A flow takes the :class:`~answerable.api.wiring.Workspace`, what is asked, and who asks
(:class:`~answerable.api.flows.context.ActorContext`); it checks the role, calls the
siblings, appends what happened and returns a typed result. It never reads settings from
the environment, a clock of its own or a request.
"""
