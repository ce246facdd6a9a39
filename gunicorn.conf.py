"""Read by gunicorn wherever it is started in this folder."""

logger_class = "config.gunicorn_logs.Logger"
# Where an access log is wanted (--access-logfile -): no address, no referrer, no query.
access_log_format = "%(m)s %(U)s %(s)s %(B)s bytes %(L)s s"
