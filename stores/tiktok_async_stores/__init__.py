"""Token stores, shared limiters and checkpoint stores; users reach them through `tiktok_async.stores`."""
