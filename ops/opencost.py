"""What machines cost an hour, as OpenCost's CSV provider reads it, so that its actuals and our plan price alike."""

import csv
import io

from ops.results import CostResult

# opencost/opencost, configs/pricing_schema.csv and pkg/cloud/provider/csvprovider.go at 11d3017f
_HEAD = (
    *("EndTimestamp", "InstanceID", "Region", "AssetClass"),
    *("InstanceIDField", "InstanceType", "MarketPriceHourly", "Version"),
)


def rows(result: CostResult) -> str:
    """Return a line for each machine; a price holds its GPUs, which have no line of their own and would count twice.

    Without a region a node is found by its name alone, whatever labels it has. A machine without a price has no line,
    as 0 would be one.

    Args:
        result: what the stack costs.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_HEAD)
    writer.writerows(
        ("", item.name, "", "node", "metadata.name", item.what, item.price_usd, result.book.name)
        for item in result.items
        if item.kind == "machine" and item.price_usd is not None
    )
    return text.getvalue()
