"""What was exchanged with a language model for one trial."""

from django.db import models

from studies.models.trials import Trial


class JudgeCall(models.Model):
    """One request for one trial and its raw answer. Added, never changed. `request_key` names the
    folder of the endpoint's store that holds the request and every attempt."""

    trial = models.ForeignKey(Trial, on_delete=models.CASCADE, related_name="judge_calls")
    request_key = models.CharField(max_length=64)
    request = models.JSONField()
    raw = models.TextField(blank=True)
    error = models.TextField(blank=True)
    rationale = models.TextField(blank=True)
    input_tokens = models.PositiveIntegerField(null=True)
    output_tokens = models.PositiveIntegerField(null=True)
    cost_usd = models.FloatField(default=0.0)
    # The endpoint did not count its tokens: the cost is an upper bound.
    cost_is_bound = models.BooleanField(default=False)
    latency_s = models.FloatField(default=0.0)
    attempts = models.PositiveSmallIntegerField(default=1)
    seed = models.PositiveBigIntegerField(default=0)
    # Taken from the store: paid for earlier.
    was_cached = models.BooleanField(default=False)
    at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.trial}: {self.request_key[:12]}"
