"""What every page stands in: session, layout, filters, assets."""
