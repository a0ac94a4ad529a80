"""What a bug report needs: versions, engines that work, places of data and caches."""
