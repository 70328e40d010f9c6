"""A runbook to start from. It has nothing to mend, so that what is left to mend is what was made of it."""

from __future__ import annotations

from typing import Final

TEMPLATE: Final = """\
# CheckoutErrorBudgetBurn

Checkout takes orders and charges cards. It needs PostgreSQL and the payment provider. Team Payments owns it.

## Alert

`CheckoutErrorBudgetBurn` pages when more than 1.4 % of the orders of the last hour failed.

## Symptoms

- Customers see "Your order could not be placed".
- The share of failed orders is above 1.4 %: <https://grafana.example.com/d/checkout>

## Mitigation

1. Take the payment provider that fails out of rotation: `checkoutctl providers disable NAME`.
   Expect the share of failed orders to fall within two minutes.
2. If it does not fall, follow [Rollback](#rollback).

## Diagnosis

1. Which provider fails? Expect all of them to be near 1:

   ```promql
   sum by (provider) (rate(payments_total{result="succeeded"}[5m]))
     / sum by (provider) (rate(payments_total[5m]))
   ```

2. Is the database slow? Expect less than 5:
   `select count(*) from pg_stat_activity where wait_event_type = 'Lock';`

## Rollback

1. Roll back to the release before: `kubectl rollout undo deploy/checkout`.
2. See that it worked: `kubectl rollout status deploy/checkout` ends with "successfully rolled out".

## Escalation

- After 15 minutes: page [payments-primary](https://oncall.example.com/payments).
- The payment provider's own line: +49 30 1234567, contract number in the vault.
"""
